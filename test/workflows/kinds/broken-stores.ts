import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import { hash } from 'node:crypto'
import type { ModelRegistry } from '../../../shared/resources/models.ts'
import type { Item } from '../../../shared/tables/item.ts'
import { buildResource } from '../sample-store.ts'
import { changed, cityWith, UNRESTORABLE_RECORDS, withMetadata, withRevision } from './unrestorable-records.ts'

/** An object of the blob bucket. */
type StoredObject = Omit<PutObjectCommandInput, 'Bucket'> & { readonly Key: string; readonly Body: Buffer }

/** What a store with a fault contains in addition to sound resources. */
export interface BrokenStore {
  readonly what: string
  readonly items: (registry: ModelRegistry) => readonly Item[]
  readonly objects?: readonly StoredObject[]
  /** The ids that exports and restores select. By default, exports and restores select everything. */
  readonly ids?: readonly string[]
}

/** Returns a city with two revisions. */
const badCity = (registry: ModelRegistry): { metadata: Item; first: Item; second: Item } => {
  const payloads = [{ name: 'Bad' }, { name: 'Worse' }]
  const [metadata = {}, first = {}, second = {}] = buildResource(registry, { model: 'city', id: 'bad', payloads }).items
  return { metadata, first, second }
}
const item = (pk: string, sk: string) => (): Item[] => [{ pk: { S: pk }, sk: { S: sk } }]
const none = (): Item[] => []

const PAYLOAD = Buffer.from('{"name":"Bad"}')
const SPILLED_KEY = `payloads/${hash('sha256', PAYLOAD)}`
const spilled = withRevision({ data: undefined, data_spilled: { BOOL: true } })

const withArms =
  (reference: object) =>
  (registry: ModelRegistry): Item[] =>
    Object.values(cityWith(registry, { name: 'Bad', arms: { file_id: 'arms', ...reference } }))
const ARMS = Buffer.from('a lion')
const arms = (properties: Omit<StoredObject, 'Key' | 'Body'> = {}): StoredObject[] => [
  { Key: 'blobs/arms', Body: ARMS, ...properties },
]

/** Faults that involve several items, or objects. */
const RESOURCES: readonly BrokenStore[] = [
  {
    what: 'a resource without its current revision',
    items: (registry) => [badCity(registry).metadata, badCity(registry).first],
  },
  { what: 'a resource without revisions', items: (registry) => [badCity(registry).metadata] },
  {
    what: 'revisions without metadata',
    items: (registry) => [badCity(registry).first, badCity(registry).second],
  },
  {
    what: 'a revision under the sort key of a number without zeros',
    items: (registry) => {
      const { metadata, first, second } = badCity(registry)
      return [metadata, { ...first, sk: { S: (first['sk']?.S ?? '').replace('0000000001', '1') } }, second]
    },
  },
  {
    what: 'a resource under a wrong id hash',
    items: (registry) =>
      Object.values(badCity(registry)).map((one) => ({
        ...one,
        sk: { S: (one['sk']?.S ?? '').replace(/^[0-9a-f]{16}/, '0000000000000000') },
      })),
  },
  {
    what: 'a rev_updated_time that is not that of the current revision',
    items: withMetadata({ rev_updated_time: { S: '2026-02-01T00:00:00Z' } }),
  },
  {
    what: 'a total_revision_count below the highest revision number',
    items: (registry) => {
      const { metadata, first, second } = badCity(registry)
      return [changed(metadata, { total_revision_count: { N: '1' } }), first, second]
    },
  },
]

const REFERENCES: readonly BrokenStore[] = [
  ['a slash', 'no/rth'],
  ['a lone surrogate', '\ud800'],
  ['300 characters', 'n'.repeat(300)],
].map(([what, country]) => ({
  what: `a reference to an id with ${what}`,
  items: (registry) => Object.values(cityWith(registry, { name: 'Bad', country })),
}))

const ITEMS: readonly BrokenStore[] = [
  { what: 'an item of a model that is not registered', items: item('other#m#0', 'x') },
  { what: 'an item in a shard that is not registered', items: item('city#m#1', '0000000000000000/x') },
  { what: 'an item whose sort key has no id hash', items: item('city#m#0', 'x') },
]

const PAYLOADS: readonly BrokenStore[] = [
  { what: 'a spilled payload that is missing', items: spilled },
  {
    what: 'a spilled payload with other bytes',
    items: spilled,
    objects: [{ Key: SPILLED_KEY, Body: Buffer.from('{"name":"Bed"}') }],
  },
  {
    what: 'a spilled payload that is cut short',
    items: spilled,
    objects: [{ Key: SPILLED_KEY, Body: PAYLOAD.subarray(0, 5) }],
  },
]

const BLOBS: readonly BrokenStore[] = [
  { what: 'a reference to a blob that is missing', items: withArms({}) },
  { what: 'a map that only looks like a reference', items: withArms({ file_id: 'C:\\arms.png', size: 5 }) },
  {
    what: 'a blob with other bytes than its user metadata states',
    items: withArms({}),
    objects: arms({ Metadata: { sha256: hash('sha256', Buffer.from('a bear')), size: '6' } }),
  },
  { what: 'a blob of another size than the reference states', items: withArms({ size: 7 }), objects: arms() },
  { what: 'a blob to which no resource refers', items: none, objects: arms() },
  {
    what: 'a blob with the user metadata type: 100% cotton',
    items: withArms({}),
    objects: arms({ Metadata: { type: '100% cotton' } }),
  },
  {
    what: 'a blob with a sha256 in upper case in its user metadata',
    items: withArms({}),
    objects: arms({ Metadata: { sha256: hash('sha256', ARMS).toUpperCase(), size: '6' } }),
  },
  {
    what: 'a blob with the Content-Encoding of other bytes',
    items: withArms({}),
    objects: arms({ ContentEncoding: 'gzip', CacheControl: 'no-store' }),
  },
]

export const BROKEN_STORES: readonly BrokenStore[] = [
  ...UNRESTORABLE_RECORDS,
  ...RESOURCES,
  ...PAYLOADS,
  ...BLOBS,
  ...REFERENCES,
  ...ITEMS,
  { what: 'no resource with one of the requested ids', items: none, ids: ['a', 'mistyped'] },
]
