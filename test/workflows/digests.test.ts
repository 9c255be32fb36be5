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
import { type Contents, lasting } from '../contents.ts'
import { nth, resourceIn } from './catalogue.ts'
import { blobs, fill, smallWorld, worldWith, joinWorlds, type World } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

const MODELS = ['city', 'country', 'memo'] as const

/** Sixty more cities, so that every shard of a few has some. */
const world = (registry: ModelRegistry): World =>
  joinWorlds(
    smallWorld(registry),
    ...Array.from({ length: 60 }, (_, k) =>
      worldWith(registry, { model: 'city', id: `city-${k}`, payloads: [{ name: `City ${k}`, country: 'north' }] }),
    ),
  )

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'specstar-models-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** A registry of the three models with so many shards. */
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
const exported = async (staged: StagedWorkflows): Promise<{ archive: Buffer; digests: Record<string, string> }> => {
  const { archive } = await staged.export(MODELS)
  return { archive, digests: await digestsOf(archive) }
}

/** Items by sort key alone, the shards of their partition keys aside. */
const withoutShards = (contents: Contents): [string, Item][] =>
  lasting(contents)
    .items.map(([, { pk = { S: '' }, sk = { S: '' }, ...item }]): [string, Item] => [
      `${pk.S?.replace(/#\d+$/, '') ?? ''} ${sk.S ?? ''}`,
      item,
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1))

describe('digests are equal', () => {
  it('between two exports, whatever their segments, between 4 and 64 shards, and after a restore from one to the other', async () => {
    const few = await StagedWorkflows.start({ models_file: await modelsFile(4) })
    await fill(few.outside, world(few.services.models))
    const first = await exported(few)
    const again = await exported(few)
    const standing = withoutShards(await few.contents())
    await few.stop()
    expect(again.digests).toEqual(first.digests)
    expect(new Set(Object.values(first.digests)).size).toBe(MODELS.length)

    const many = await StagedWorkflows.start({
      models_file: await modelsFile(64),
      limits: { rangeBytes: 2_000 },
    })
    await fill(many.outside, world(many.services.models))
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

/** Derived anew by every restore, or told by their own checksum: in no digest. */
const NOT_IN_DIGEST = ['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled']

const leafOf = (items: readonly Item[]): string => {
  const leaf = new ResourceLeaf()
  for (const item of items) leaf.add(item)
  return leaf.digest().toString('hex')
}

/** A value of another type or with other content. */
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

describe('a digest is another', () => {
  const registry = loadModels({ city: {}, country: {}, memo: {} })
  const [metadata = {}, ...revisions] = worldWith(registry, {
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

  it('is asked of every field that SpecStar and the store know', () => {
    // 15 of metadata, 12 and the payload's checksum and size of each revision.
    expect(fields).toHaveLength(15 + 3 * 14)
  })

  it.each(fields)('after any change of %s (line %i): %s', (_of, k, name) => {
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

  it('after a revision more, one less, and two that changed places', () => {
    const all = [items, items.slice(0, -1), [metadata, ...revisions.toReversed()], [...items, metadata]].map(leafOf)
    expect(new Set(all).size).toBe(4)
  })

  it('but the same after a change of what every restore makes anew', () => {
    for (const name of NOT_IN_DIGEST)
      expect(leafOf(items.map((item) => ({ ...item, [name]: { S: 'other' } })))).toBe(leafOf(items))
  })
})

describe('in whole exports', () => {
  it('a change of one attribute, payload or revision gives its model another digest, and a blob its own checksum', async () => {
    const staged = await StagedWorkflows.start({ models_file: await modelsFile(16) })
    await fill(staged.outside, smallWorld(staged.services.models))
    const blobSums = async (archive: Buffer): Promise<Record<string, string>> => {
      const opened = await openArchive(memorySource(archive))
      const lines = (await Promise.all(opened.segments.map((segment) => readIndex(opened, segment)))).flat()
      return Object.fromEntries(
        lines.flatMap(({ file_id, sha256 }) => (file_id === undefined ? [] : [[file_id, sha256]])),
      )
    }
    const seen = new Set<string>()
    const first = await exported(staged)
    seen.add(first.digests['city'] ?? '')
    const city = async (id: string): Promise<{ metadata: Item; revisions: readonly Item[] }> =>
      resourceIn(await staged.contents(), 'city', id)
    const changes: (() => Promise<unknown>)[] = [
      async () => staged.putItems({ ...(await city('b')).metadata, is_deleted: { BOOL: true } }),
      async () => staged.putItems({ ...nth((await city('c')).revisions, 0), status: { S: 'draft' } }),
      async () => staged.removeItems(nth((await city('c')).revisions, 0)),
      () =>
        fill(
          staged.outside,
          worldWith(staged.services.models, {
            model: 'city',
            id: 'f',
            payloads: [{ name: 'F', country: 'south', tags: ['y'] }],
          }),
        ),
    ]
    for (const change of changes) {
      await change()
      const { digests } = await exported(staged)
      seen.add(digests['city'] ?? '')
      expect(digests).toMatchObject({ country: first.digests['country'], memo: first.digests['memo'] })
    }
    expect(seen.size).toBe(1 + changes.length)

    const before = await exported(staged)
    await fill(staged.outside, blobs({ 'arms-d': Buffer.from('a tiger') }))
    const after = await exported(staged)
    expect(after.digests).toEqual(before.digests)
    const [was, is] = [await blobSums(before.archive), await blobSums(after.archive)]
    expect(is['arms-d']).not.toBe(was['arms-d'])
    expect({ ...is, 'arms-d': '' }).toEqual({ ...was, 'arms-d': '' })
    await staged.stop()
  })
})
