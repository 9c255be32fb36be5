import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BlobStore } from '../../shared/blobs/blob-store.ts'
import { PayloadStore } from '../../shared/blobs/payload-store.ts'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { compileFilters } from '../../shared/filters/filters.ts'
import { type Item, keyOf } from '../../shared/tables/item.ts'
import { must } from '../../shared/values/must.ts'
import { loadModels } from '../../shared/resources/models.ts'
import { lineBytes } from '../../shared/resources/item-size.ts'
import { idHashOf } from '../../shared/resources/keys.ts'
import { TornResourcesError } from '../../shared/resources/errors.ts'
import { ResourceStore, type StoredResource } from '../../shared/resources/aws/resource-store.ts'
import { compareBytes } from '../../shared/values/text-order.ts'
import { payloadOf, RevisionView } from '../../shared/resources/views.ts'
import type { TestServers } from '../services.ts'
import { type Made, madeResource } from './made-resources.ts'

const MODELS = loadModels({
  many: { shards: 4 },
  border: { shards: 4 },
  one: { shards: 1 },
  torn: { shards: 2 },
  large: { shards: 2 },
  keyed: { shards: 2 },
  empty: {},
  orphan: { shards: 2 },
  stale: { shards: 1 },
  stray: { shards: 4 },
  unclaimed: { shards: 4 },
  'unclaimed-only': { shards: 2 },
})

/** The behaviour that a resource store must have on every server. */
export const resourceStoreContract = (start: () => Promise<TestServers>): void => {
  describe('a resource store', () => {
    let servers: TestServers
    let store: ResourceStore
    const idsOf = (resources: readonly StoredResource[]): string[] => resources.map(({ id }) => id)
    const fill = async (model: string, made: readonly Made[]): Promise<void> => {
      const writer = store.writer()
      const { shards } = MODELS.get(model)
      const items = made.flatMap((each) => {
        const { metadata, revisions } = madeResource(model, shards, each)
        return [...revisions, metadata]
      })
      await Promise.all(items.map((item) => writer.put(item)))
    }
    const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
      const all: T[] = []
      for await (const one of source) all.push(one)
      return all
    }

    beforeAll(async () => {
      servers = await start()
      store = new ResourceStore(servers.newDynamo(), servers.config.tables.resources, MODELS, {
        delay: () => Promise.resolve(),
      })
      const many = Array.from({ length: 300 }, (_, k) => ({
        id: `many-${k}`,
        revisions: 1 + (k % 4),
        meta: { is_deleted: k % 10 === 0, created_by: k % 3 === 0 ? 'bob' : 'alice' },
      }))
      await fill('many', [...many, { id: '勇者-3' }, { id: 'g 3' }, { id: 'hero:a:b' }])
    })
    afterAll(async () => {
      await servers.stop()
    })

    it('returns every resource once with all revisions, in the order of id hash and id', async () => {
      const all = await collect(store.resources('many'))
      expect(all).toHaveLength(303)
      const keys = all.map(({ metadata }) => metadata['sk']?.S ?? '')
      expect(keys).toEqual([...keys].sort(compareBytes))
      for (const { h, id, metadata, revisions } of all) {
        expect(h).toBe(idHashOf(id))
        expect(revisions).toHaveLength(Number(metadata['total_revision_count']?.N))
      }
    })

    it('returns exactly the items that were written', async () => {
      const made = madeResource('many', 4, { id: '勇者-3' })
      const [found] = await collect(store.resourcesById('many', ['勇者-3']))
      expect(found?.metadata).toEqual(made.metadata)
      expect(found?.revisions).toEqual(made.revisions)
      expect(await store.getMetadata('many', '勇者-3')).toEqual(made.metadata)
      expect(await store.getRevisions('many', '勇者-3')).toEqual(made.revisions)
      expect(await collect(store.revisionIdsOf('many', '勇者-3'))).toEqual(
        made.revisions.map((item) => item['revision_id']?.S),
      )
      expect(await store.revisionKeysOf('many', '勇者-3')).toEqual(made.revisions.map(keyOf))
    })

    it('returns the same resources for all digest buckets and for ranges of them', async () => {
      const all = idsOf(await collect(store.resources('many')))
      for (const borders of [
        ['0000', '8000', '10000'],
        ['0000', '0001', '3fff', '4000', '4001', 'c000', 'ffff', '10000'],
      ]) {
        const parts: string[] = []
        for (const [k, to] of borders.entries()) {
          const from = borders[k - 1]
          if (from !== undefined) parts.push(...idsOf(await collect(store.resources('many', { from, to }))))
        }
        expect(parts).toEqual(all)
      }
    })

    it('returns an item whose sort key is a digest bucket only in the range that begins with the bucket', async () => {
      for (const pk of ['border#r#0', 'border#r#1'])
        for (const sk of ['4000', '4001']) await store.writer().put({ pk: { S: pk }, sk: { S: sk } })
      const keysIn = async (from: string, to: string): Promise<string[]> =>
        (await collect(store.revisionKeys('border', { from, to }))).map(({ pk, sk }) => `${pk} ${sk}`)
      expect(await keysIn('0000', '4000')).toEqual([])
      expect(await keysIn('4000', '4001')).toEqual(['border#r#1 4000'])
      expect(await keysIn('4001', '10000')).toEqual(['border#r#1 4001'])
    })

    it('includes both ends of a range of sort keys', async () => {
      const metadata = await collect(store.metadata('many'))
      const keys = metadata.map((item) => item['sk']?.S ?? '')
      const range = { fromSk: keys[10] ?? '', toSk: keys[20] ?? '' }
      const run = await collect(store.resources('many', range))
      expect(run.map((each) => each.metadata['sk']?.S)).toEqual(keys.slice(10, 21))
      const revisions = await collect(store.revisions('many', range))
      const inRun = (await Promise.all(run.map(({ revisions: own }) => Array.fromAsync(own)))).flat()
      expect(revisions).toEqual(inRun)
    })

    it('returns the resources that a filter accepts, with all their revisions', async () => {
      const accepts = compileFilters(
        { is_deleted: true, created_bys: ['bob'] },
        { model: MODELS.get('many'), requestedAt: new Date() },
      )
      const found = await collect(store.resources('many', undefined, { filter: accepts }))
      const expected = idsOf((await collect(store.resources('many'))).filter(({ metadata }) => accepts(metadata)))
      expect(idsOf(found)).toEqual(expected)
      expect(found).toHaveLength(10)
      for (const { metadata, revisions } of found)
        expect(revisions).toHaveLength(Number(metadata['total_revision_count']?.N))
    })

    it('returns resources by id in its own order, each once, without those that do not exist', async () => {
      const found = await collect(store.resourcesById('many', ['many-7', 'nobody', 'many-1', 'many-7', 'g 3']))
      const all = idsOf(await collect(store.resources('many')))
      expect(idsOf(found)).toEqual(all.filter((id) => ['many-7', 'many-1', 'g 3'].includes(id)))
    })

    it('returns which ids exist, also for more than the 100 of one request', async () => {
      const ids = Array.from({ length: 330 }, (_, k) => `many-${k}`)
      const existing = await store.existing('many', ids)
      expect(existing.size).toBe(300)
      expect(existing.has('many-299')).toBe(true)
      expect(existing.has('many-300')).toBe(false)
    })

    it('has no resources with ids that are not allowed', async () => {
      const ids = ['many/1', '', 'x'.repeat(300), '\u{1f600}'.repeat(255), 'many-1']
      expect([...(await store.existing('many', ids))]).toEqual(['many-1'])
      expect((await collect(store.resourcesById('many', ids))).map(({ id }) => id)).toEqual(['many-1'])
    })

    it('distinguishes an empty model from one that has only a revision without metadata', async () => {
      expect(await store.isEmpty('empty')).toBe(true)
      expect(await store.isEmpty('many')).toBe(false)
      const [revision] = madeResource('orphan', 2, { id: 'lone' }).revisions
      await store.writer().put(revision ?? {})
      expect(await store.isEmpty('orphan')).toBe(false)
      expect(await collect(store.resources('orphan'))).toEqual([])
    })

    it('does not read items in the partition of another shard, so the order of id hashes is kept', async () => {
      await fill('stray', [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' }])
      const ids = idsOf(await collect(store.resources('stray')))
      expect(ids).toHaveLength(4)
      const made = madeResource('stray', 4, { id: ids[0] ?? '' })
      const strays = [made.metadata, ...made.revisions].map((item) => {
        const [model = '', kind = ''] = (item['pk']?.S ?? '').split('#')
        return { ...item, pk: { S: `${model}#${kind}#3` }, sk: { S: `${'0'.repeat(15)}${item['sk']?.S ?? ''}` } }
      })
      for (const item of strays) await store.writer().put(item)
      expect(idsOf(await collect(store.resources('stray')))).toEqual(ids)
    })

    it('reports the revisions that belong to no metadata', async () => {
      const made = ['held', 'lone', 'omitted'].map((id) => madeResource('unclaimed', 4, { id, revisions: 2 }))
      for (const { metadata, revisions } of made)
        for (const item of metadata['resource_id']?.S === 'lone' ? revisions : [metadata, ...revisions])
          await store.writer().put(item)
      const reported: string[] = []
      const options = {
        acceptMetadata: (metadata: Item) => metadata['resource_id']?.S !== 'omitted',
        onUnclaimed: (items: readonly Item[]) => {
          reported.push(...items.map((item) => item['resource_id']?.S ?? ''))
          return Promise.resolve()
        },
      }
      expect(idsOf(await collect(store.resources('unclaimed', undefined, options)))).toEqual(['held'])
      expect(reported.sort()).toEqual(['lone', 'lone', 'omitted', 'omitted'])
    })

    it('estimates the size of a model from its beginning', async () => {
      let bytes = 0
      for await (const { metadata, revisions } of store.resources('many')) {
        bytes += lineBytes(metadata)
        for await (const revision of revisions) bytes += lineBytes(revision)
      }
      const estimate = await store.estimate('many')
      expect(estimate.lineBytes / bytes).toBeGreaterThan(0.4)
      expect(estimate.lineBytes / bytes).toBeLessThan(2.5)
      expect(await store.estimate('empty')).toEqual({ lineBytes: 0, resources: 0, revisions: 0 })
      const [revision] = madeResource('unclaimed-only', 2, { id: 'lone' }).revisions
      await store.writer().put(revision ?? {})
      expect((await store.estimate('unclaimed-only')).lineBytes).toBeGreaterThan(0)
    })

    it('reports a resource as torn if its current revision is still missing after reading again', async () => {
      await fill('torn', [{ id: 'fine' }, { id: 'broken', revisions: 2 }])
      const { revisions } = madeResource('torn', 2, { id: 'broken', revisions: 2 })
      const last = revisions[1]
      await store.writer().remove({ pk: last?.['pk']?.S ?? '', sk: last?.['sk']?.S ?? '' })
      const torn: string[] = []
      const found = await collect(store.resources('torn', undefined, { onTorn: (id) => torn.push(id) }))
      expect([idsOf(found), torn]).toEqual([['fine'], ['broken']])
      await expect(collect(store.resources('torn'))).rejects.toThrow(TornResourcesError)
    })

    it('returns a resource that was torn only while it was written', async () => {
      const { metadata, revisions } = madeResource('one', 1, { id: 'late', revisions: 2 })
      const writer = store.writer()
      for (const item of [revisions[0], metadata]) await writer.put(item ?? {})
      const slow = new ResourceStore(servers.dynamo, servers.config.tables.resources, MODELS, {
        delay: () => writer.put(revisions[1] ?? {}),
      })
      const [found] = await collect(slow.resources('one'))
      expect(found?.revisions).toEqual(revisions)
    })

    it('waits for a writer that has written the revision, but not yet the metadata', async () => {
      const { metadata, revisions } = madeResource('stale', 1, { id: 'between', revisions: 2 })
      const [before] = [madeResource('stale', 1, { id: 'between' }).metadata]
      const writer = store.writer()
      for (const item of [...revisions, before]) await writer.put(item)
      const waits: number[] = []
      const waiting = (whileWaiting: () => Promise<void>): ResourceStore =>
        new ResourceStore(servers.dynamo, servers.config.tables.resources, MODELS, {
          delay: (ms) => {
            waits.push(ms)
            return whileWaiting()
          },
        })
      // The count could have been set back by hand, so a resource that is still stale after one wait is returned.
      expect(await collect(waiting(() => Promise.resolve()).resources('stale'))).toMatchObject([{ metadata: before }])
      expect(waits).toHaveLength(1)
      const complete = await collect(waiting(() => writer.put(metadata)).resources('stale'))
      expect(complete).toMatchObject([{ metadata, revisions }])
    })

    it('returns the revisions of a resource as a stream if they exceed the memory limit', async () => {
      await fill('large', [{ id: 'huge', revisions: 20, payloadBytes: 300_000 }, { id: 'small' }])
      const found = await collect(store.resources('large'))
      expect(idsOf(found).sort()).toEqual(['huge', 'small'])
      const huge = found.find(({ id }) => id === 'huge')
      expect(Array.isArray(huge?.revisions)).toBe(false)
      const streamed: Item[] = []
      for await (const revision of huge?.revisions ?? []) streamed.push(revision)
      expect(streamed).toEqual(madeResource('large', 2, { id: 'huge', revisions: 20, payloadBytes: 300_000 }).revisions)
    })

    it('returns a revision by its key', async () => {
      const revision = must(madeResource('keyed', 2, { id: 'by-key' }).revisions[0])
      await store.writer().put(revision)
      expect(await store.getRevision(keyOf(revision))).toEqual(revision)
      expect(await store.getRevision({ ...keyOf(revision), sk: 'nothing' })).toBeUndefined()
    })

    it('has revisions whose spilled payload the payload store returns', async () => {
      const objects = new ObjectStore(servers.s3)
      const payloads = new PayloadStore(objects, servers.config.buckets.blobs)
      const { revisions } = madeResource('one', 1, { id: 'spilled', payloadBytes: 400_000 })
      const [revision] = revisions
      const bytes = Buffer.from(JSON.stringify({ name: 'spilled', n: 0, fill: 'x'.repeat(400_000) }))
      expect(revision?.['data_spilled']?.BOOL).toBe(true)
      await payloads.put(revision?.['data_sha256']?.S ?? '', bytes)
      const view = new RevisionView(revision ?? {})
      expect(await payloadOf(view, (sha256) => payloads.get(sha256))).toEqual(bytes)
      expect(await new BlobStore(objects, servers.config.buckets.blobs).head('nothing')).toBeUndefined()
    })
  })
}
