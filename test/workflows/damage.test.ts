import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { Item } from '../../shared/tables/item.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import { madeResource } from '../resources/made-resources.ts'
import { Catalogue, nth, findResource } from './catalogue.ts'
import { sampleStore } from './sample-store.ts'

const DryRun = z.object({
  models: z.object({
    city: z.object({ new: z.number(), changed: z.number(), same: z.number(), target_only: z.number() }),
  }),
  blobs: z.object({ new: z.number(), changed: z.number(), same: z.number() }),
  findings: z.array(z.object({ model: z.string(), resource_id: z.string(), what: z.string() })),
})
type DryRun = z.output<typeof DryRun>

const CITIES = 6
/** A city with a spilled payload in two revisions. */
const LARGE = 'e'
/** A city with three revisions. */
const id = 'c'
let test: Catalogue
let before: StoreContents
let metadata: Item
let revisions: readonly Item[]

beforeAll(async () => {
  const opened = await Catalogue.holdingData(sampleStore)
  test = opened.test
  before = opened.before
  const resource = findResource(before, 'city', id)
  metadata = resource.metadata
  revisions = resource.revisions
})
afterAll(() => test.stop())
beforeEach(() => test.reset(before))

const dryRun = async (): Promise<DryRun> => {
  const { status, body } = await test.restore('city', 'dry_run=true')
  expect({ status, body }).toMatchObject({ status: 200 })
  return DryRun.parse(body)
}

const expectRepair = async (): Promise<void> => {
  const repaired = await test.restore('city')
  expect(repaired).toMatchObject({
    status: 200,
    body: { status: 'succeeded', loaded: CITIES, verification: { passed: true } },
  })
  expect(stableContents(await test.contents())).toEqual(stableContents(before))
}

const objectKey = (prefix: string): string => {
  const key = [...before.objects.keys()].filter((one) => one.startsWith(prefix)).sort()[0]
  if (key === undefined) throw new Error(`there is no object with the prefix ${prefix}`)
  return key
}
const flipObject = async (key: string): Promise<void> => {
  const bytes = Buffer.from(before.objects.get(key) ?? '', 'base64')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  await test.putObject(key, bytes)
}
const current = (): Item => {
  const found = revisions.find((item) => item['revision_id']?.S === metadata['current_revision_id']?.S)
  if (found === undefined) throw new Error(`${id} has no current revision`)
  return found
}
const earlier = (): Item => nth(revisions, 0)

interface Damage {
  readonly what: string
  readonly damage: () => Promise<void>
  /** Expected counts of resources, by default one changed resource. */
  readonly models?: Partial<DryRun['models']['city']>
  readonly blobs?: Partial<DryRun['blobs']>
  /** An expected finding. `of` returns its resource id. */
  readonly finding?: { readonly of: () => string; readonly what: RegExp }
}
const own = (): string => id
const differs = { of: own, what: /differs/ }

describe.each<Damage>([
  {
    what: 'a payload that does not match its checksum',
    damage: () => test.putItem({ ...earlier(), data: { S: '{"name":"damaged"}' } }),
    finding: { of: own, what: /payload of revision .* is damaged/ },
  },
  {
    what: 'a payload that was replaced together with its checksum',
    damage: () =>
      test.putItem({ ...earlier(), data: { S: '{}' }, data_sha256: { S: EMPTY_MAP }, data_size: { N: '2' } }),
    finding: differs,
  },
  {
    what: 'a changed attribute of a revision',
    damage: () => test.putItem({ ...earlier(), status: { S: 'unknown' } }),
    finding: differs,
  },
  {
    what: 'a changed attribute of metadata',
    damage: () => test.putItem({ ...metadata, updated_by: { S: 'nobody' } }),
    finding: differs,
  },
  {
    what: 'a missing attribute',
    damage: () => test.putItem(without(metadata, 'indexed_data')),
    finding: differs,
  },
  {
    what: 'an additional attribute',
    damage: () => test.putItem({ ...metadata, note: { S: 'mine' } }),
    finding: differs,
  },
  { what: 'a missing earlier revision', damage: () => test.removeItems([earlier()]), finding: differs },
  {
    what: 'a missing current revision',
    damage: () => test.removeItems([current()]),
    finding: { of: own, what: /current revision is missing/ },
  },
  {
    what: 'a resource without revisions',
    damage: () => test.removeItems(revisions),
    finding: { of: own, what: /current revision is missing/ },
  },
  {
    what: 'an additional revision',
    damage: () => test.putItem({ ...earlier(), sk: { S: `${metadata['sk']?.S ?? ''}/~surplus/-` } }),
    finding: differs,
  },
  {
    what: 'a missing resource',
    damage: () => test.removeItems([metadata, ...revisions]),
    models: { new: 1, changed: 0 },
  },
  {
    what: 'revisions without metadata',
    damage: () => test.removeItems([metadata]),
    models: { new: 1, changed: 0 },
  },
  {
    what: 'a blob with different content',
    damage: () => flipObject(objectKey('blobs/arms')),
    models: { changed: 0 },
    blobs: { changed: 1 },
    finding: { of: () => '', what: /^blob .* has other bytes$/ },
  },
  {
    what: 'a missing blob',
    damage: () => test.removeObject(objectKey('blobs/arms')),
    models: { changed: 0 },
    blobs: { new: 1 },
  },
  {
    what: 'a spilled payload with different content',
    damage: () => flipObject(objectKey('payloads/')),
    finding: { of: () => LARGE, what: /payload of revision .* is damaged/ },
  },
  {
    what: 'a missing spilled payload',
    damage: () => test.removeObject(objectKey('payloads/')),
    finding: { of: () => LARGE, what: /payload of revision .* is damaged/ },
  },
])('$what', ({ damage, models = {}, blobs = {}, finding }) => {
  it('is found by a dry run, which changes nothing, and repaired by a restore', async () => {
    await damage()
    const damaged = await test.contents()
    const found = await dryRun()
    const expected = { new: 0, changed: 1, target_only: 0, ...models }
    expect(found.models.city).toEqual({ ...expected, same: CITIES - expected.new - expected.changed })
    expect(found.blobs).toMatchObject({ changed: 0, new: 0, ...blobs })
    if (finding !== undefined)
      expect(found.findings.filter(({ resource_id }) => resource_id === finding.of())).toContainEqual(
        expect.objectContaining({
          model: 'city',
          what: expect.stringMatching(finding.what) as unknown,
        }),
      )
    expect(await test.contents()).toEqual(damaged)
    await expectRepair()
  })
})

describe('a torn resource', () => {
  it('is repaired by a restore of its id', async () => {
    await test.removeItems([current()])
    const query = `ids=${encodeURIComponent(id)}`
    expect(await test.restore('city', `${query}&dry_run=true`)).toMatchObject({
      status: 200,
      body: { models: { city: { new: 0, changed: 1, same: 0, target_only: 0 } } },
    })
    expect(await test.restore('city', `${query}&on_duplicate=raise_error`)).toMatchObject({
      status: 409,
      body: { type: 'duplicates', duplicates: { count: 1, ids: [id] } },
    })
    expect(await test.restore('city', query)).toMatchObject({ status: 200, body: { loaded: 1, total: 1 } })
    expect(stableContents(await test.contents())).toEqual(stableContents(before))
  })
})

describe('resources that are not in the archive', () => {
  it('are counted by a dry run', async () => {
    const made = (one: string) => madeResource('city', 16, { id: one, revisions: 2 })
    const complete = made('not in the archive')
    await test.putItems([complete.metadata, ...complete.revisions, made('not in the archive, and torn').metadata])
    const found = await dryRun()
    expect(found.models.city).toEqual({ new: 0, changed: 0, same: CITIES, target_only: 2 })
    expect(found.findings).toEqual([])
  })
})

/** SHA-256 of `{}`. */
const EMPTY_MAP = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'

const without = (item: Item, name: string): Item =>
  Object.fromEntries(Object.entries(item).filter(([own]) => own !== name))
