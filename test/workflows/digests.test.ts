import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { ResourceLeaf } from '../../shared/archive/digest.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import type { Item } from '../../shared/tables/item.ts'
import { loadModels, type ModelRegistry } from '../../shared/resources/models.ts'
import { memorySource } from '../archive/memory.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import { nth, findResource } from './catalogue.ts'
import { buildBlobs, writeToStore, sampleStore, buildResource, combine, type StoreData } from './sample-store.ts'
import { WorkflowRunner } from './workflow-runner.ts'

const MODELS = ['city', 'country', 'memo'] as const

/** The sample store and sixty more cities, so that every shard contains resources. */
const sample = (registry: ModelRegistry): StoreData =>
  combine(
    sampleStore(registry),
    ...Array.from({ length: 60 }, (_, k) =>
      buildResource(registry, { model: 'city', id: `city-${k}`, payloads: [{ name: `City ${k}`, country: 'north' }] }),
    ),
  )

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'specstar-models-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** Writes a models file that gives the three models this number of shards. */
const modelsFile = async (shards: number): Promise<string> => {
  const path = join(dir, `models-${shards}.json`)
  const indexed = { city: ['name', 'country'], country: ['name'], memo: ['text'] }
  const models = Object.entries(indexed).map(([model, names]) => [model, { indexed: names, shards }])
  await writeFile(path, JSON.stringify(Object.fromEntries(models)))
  return path
}

const digestsOf = async (archive: Buffer): Promise<Record<string, string>> => {
  const { models } = (await openArchive(memorySource(archive))).manifest
  return Object.fromEntries(Object.entries(models).map(([model, { digest }]) => [model, digest]))
}
const exported = async (runner: WorkflowRunner): Promise<{ archive: Buffer; digests: Record<string, string> }> => {
  const { archive } = await runner.export(MODELS)
  return { archive, digests: await digestsOf(archive) }
}

/** The items of a store, with the shard numbers removed from their partition keys. */
const withoutShards = (contents: StoreContents): [string, Item][] =>
  stableContents(contents)
    .items.map(([, { pk = { S: '' }, sk = { S: '' }, ...item }]): [string, Item] => [
      `${pk.S?.replace(/#\d+$/, '') ?? ''} ${sk.S ?? ''}`,
      item,
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1))

describe('the digests of models', () => {
  it('do not depend on segments or the number of shards, and are the same after a restore into a store with more shards', async () => {
    const few = await WorkflowRunner.start({ models_file: await modelsFile(4) })
    await writeToStore(few.clients, sample(few.services.models))
    const first = await exported(few)
    const again = await exported(few)
    const standing = withoutShards(await few.contents())
    await few.stop()
    expect(again.digests).toEqual(first.digests)
    expect(new Set(Object.values(first.digests)).size).toBe(MODELS.length)

    const many = await WorkflowRunner.start({
      models_file: await modelsFile(64),
      limits: { rangeBytes: 2_000 },
    })
    await writeToStore(many.clients, sample(many.services.models))
    const sharded = await exported(many)
    expect(sharded.digests).toEqual(first.digests)
    const partitions = new Set((await many.contents()).items.values().map((item) => item['pk']?.S))
    expect(partitions.size).toBeGreaterThan(64)

    await many.wipe()
    expect(await many.restore(first.archive)).toMatchObject({ status: 'succeeded' })
    expect((await exported(many)).digests).toEqual(first.digests)
    const moved = withoutShards(await many.contents())
    await many.stop()
    expect(moved).toEqual(standing)
  })
})

/** Attributes that are not part of a digest, because every restore sets them or because a checksum includes them. */
const NOT_IN_DIGEST = ['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled']

const leafOf = (items: readonly Item[]): string => {
  const leaf = new ResourceLeaf()
  for (const item of items) leaf.add(item)
  return leaf.digest().toString('hex')
}

/** Generates a value with a different type or content. */
const otherThan = (value: AttributeValue): fc.Arbitrary<AttributeValue> =>
  fc
    .oneof(
      fc.string().map((S) => ({ S })),
      fc.integer().map((n) => ({ N: `${n}` })),
      fc.boolean().map((BOOL) => ({ BOOL })),
      fc.constant({ NULL: true as const }),
      fc.uint8Array({ maxLength: 4 }).map((B) => ({ B })),
      fc
        .array(
          fc.string({ maxLength: 3 }).map((S) => ({ S })),
          { maxLength: 2 },
        )
        .map((L) => ({ L })),
      fc
        .dictionary(
          fc.string({ maxLength: 3 }),
          fc.integer().map((n) => ({ N: `${n}` })),
          { maxKeys: 2 },
        )
        .map((M) => ({ M })),
    )
    .filter((other) => !isDeepStrictEqual(other, value))

describe('the digest of a resource', () => {
  const registry = loadModels({ city: {}, country: {}, memo: {} })
  const [metadata = {}, ...revisions] = buildResource(registry, {
    model: 'memo',
    id: 'x',
    payloads: [{ text: 'one' }, { text: 'two' }, { text: 'three' }],
    meta: {
      schema_version: '1',
      rev_created_by: 'alice',
      rev_updated_by: 'alice',
      rev_created_time: '2026-01-05T08:30:00Z',
    },
    info: { schema_version: '1', parent_schema_version: '0', data_hash: 'xxh3_128:00' },
  }).items
  const items = [metadata, ...revisions]
  const fields = items.flatMap((item, k) =>
    Object.keys(item).flatMap((name): [string, number, string][] =>
      NOT_IN_DIGEST.includes(name) ? [] : [[k === 0 ? 'metadata' : `revision ${k}`, k, name]],
    ),
  )

  it('is tested with every field of SpecStar and of the store', () => {
    // 15 of metadata; 14 of each revision, including the checksum and the size of its payload.
    expect(fields).toHaveLength(15 + 3 * 14)
  })

  it.each(fields)('changes with any change of %s (line %i): %s', (_of, k, name) => {
    const item = items[k] ?? {}
    const value = item[name] ?? { NULL: true }
    const changedTo = (attribute: Item): string => leafOf(items.map((one, at) => (at === k ? attribute : one)))
    fc.assert(
      fc.property(otherThan(value), (other) => changedTo({ ...item, [name]: other }) !== leafOf(items)),
      { numRuns: 40 },
    )
    const rest = Object.entries(item).filter(([own]) => own !== name)
    expect(changedTo(Object.fromEntries(rest))).not.toBe(leafOf(items))
    expect(changedTo({ ...item, [`${name}_`]: value })).not.toBe(leafOf(items))
  })

  it('changes if a revision is added or removed, or if two revisions are exchanged', () => {
    const all = [items, items.slice(0, -1), [metadata, ...revisions.toReversed()], [...items, metadata]].map(leafOf)
    expect(new Set(all).size).toBe(4)
  })

  it('stays the same if an attribute changes that is not part of it', () => {
    for (const name of NOT_IN_DIGEST)
      expect(leafOf(items.map((item) => ({ ...item, [name]: { S: 'other' } })))).toBe(leafOf(items))
  })
})

describe('a change in the store', () => {
  it('changes only the digest of its model; a change of a blob changes only the checksum of the blob', async () => {
    const runner = await WorkflowRunner.start({ models_file: await modelsFile(16) })
    await writeToStore(runner.clients, sampleStore(runner.services.models))
    const blobSums = async (archive: Buffer): Promise<Record<string, string>> => {
      const opened = await openArchive(memorySource(archive))
      const lines = (await Promise.all(opened.segments.map((segment) => readIndex(opened, segment)))).flat()
      return Object.fromEntries(
        lines.flatMap(({ file_id, sha256 }) => (file_id === undefined ? [] : [[file_id, sha256]])),
      )
    }
    const seen = new Set<string>()
    const first = await exported(runner)
    seen.add(first.digests['city'] ?? '')
    const city = async (id: string): Promise<{ metadata: Item; revisions: readonly Item[] }> =>
      findResource(await runner.contents(), 'city', id)
    const changes: (() => Promise<unknown>)[] = [
      async () => runner.putItems({ ...(await city('b')).metadata, is_deleted: { BOOL: true } }),
      async () => runner.putItems({ ...nth((await city('c')).revisions, 0), status: { S: 'draft' } }),
      async () => runner.removeItems(nth((await city('c')).revisions, 0)),
      () =>
        writeToStore(
          runner.clients,
          buildResource(runner.services.models, {
            model: 'city',
            id: 'f',
            payloads: [{ name: 'F', country: 'south', tags: ['y'] }],
          }),
        ),
    ]
    for (const change of changes) {
      await change()
      const { digests } = await exported(runner)
      seen.add(digests['city'] ?? '')
      expect(digests).toMatchObject({ country: first.digests['country'], memo: first.digests['memo'] })
    }
    expect(seen.size).toBe(1 + changes.length)

    const before = await exported(runner)
    await writeToStore(runner.clients, buildBlobs({ 'arms-d': Buffer.from('a tiger') }))
    const after = await exported(runner)
    expect(after.digests).toEqual(before.digests)
    const [was, is] = [await blobSums(before.archive), await blobSums(after.archive)]
    expect(is['arms-d']).not.toBe(was['arms-d'])
    expect({ ...is, 'arms-d': '' }).toEqual({ ...was, 'arms-d': '' })
    await runner.stop()
  })
})
