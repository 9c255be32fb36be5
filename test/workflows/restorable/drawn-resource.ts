import { createHash } from 'node:crypto'
import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import type { ModelRegistry } from '../../../shared/resources/models.ts'
import { sortKeyOf, type Item } from '../../../shared/tables/item.ts'
import { compareBytes } from '../../../shared/values/text-order.ts'
import { must } from '../../../shared/values/must.ts'
import { buildResource } from '../sample-store.ts'
import { BLOB_IDS } from './drawn-blob.ts'

/**
 * The models of the property tests. They have different numbers of shards and references, and their payloads refer to
 * blobs in different ways.
 */
const DRAWN_MODELS = {
  album: {
    shards: 1,
    indexed: ['name', { key: 'rank', type: 'int' }],
    references: [{ field: 'by', target: 'artist' }],
  },
  artist: { shards: 4, indexed: ['name'], references: [{ field: 'albums', target: 'album', list: true }] },
  page: { shards: 8, indexed: ['name'], blobs: ['scan', 'images'] },
}
export const MODELS = Object.keys(DRAWN_MODELS)

/**
 * The registry has one more model. An export of all models would also account for every item of the table, and would
 * wait a minute before it reads revisions without metadata again.
 */
export const REGISTRY = { ...DRAWN_MODELS, other: { shards: 1 } }

/** The items of a resource, and its spilled payloads by key. Damage may have removed or changed each of them. */
export interface DrawnResource {
  readonly model: string
  readonly id: string
  readonly metadata?: Item | undefined
  /** In the order of their sort keys. */
  readonly revisions: readonly Item[]
  readonly payloads: ReadonlyMap<string, DrawnPayload>
}

/** A spilled payload as an object of the blob bucket. */
export interface DrawnPayload {
  readonly bytes: Buffer
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * How a payload is stored. A `large` payload is spilled because of its size. A `spilled` payload is spilled although it
 * is small.
 */
type Storage = 'inline' | 'spilled' | 'large'

interface RevisionPlan {
  readonly text: string
  readonly blobs: readonly string[]
  readonly others: readonly string[]
  readonly isMsgpack: boolean
  readonly storage: Storage
}

const RESOURCE_IDS = ['a', 'b:1', 'ü 3', 'd%2F', '~e', 'f'.repeat(255), '語'.repeat(255), '😀', 'g.h', 'i#j']

const resourceId: fc.Arbitrary<string> = fc.constantFrom(...RESOURCE_IDS)

const revisionPlan: fc.Arbitrary<RevisionPlan> = fc.record({
  text: fc.string({ maxLength: 12 }),
  blobs: fc.subarray([...BLOB_IDS], { maxLength: 2 }),
  others: fc.uniqueArray(resourceId, { maxLength: 2 }),
  isMsgpack: fc.boolean(),
  storage: fc.oneof(
    { weight: 6, arbitrary: fc.constant('inline' as const) },
    { weight: 2, arbitrary: fc.constant('spilled' as const) },
    { weight: 1, arbitrary: fc.constant('large' as const) },
  ),
})

/** The plan of a resource without damage. */
export interface ResourcePlan {
  readonly model: string
  readonly id: string
  readonly revisions: readonly RevisionPlan[]
}

export const resourcePlan: fc.Arbitrary<ResourcePlan> = fc.record({
  model: fc.constantFrom(...MODELS),
  id: resourceId,
  revisions: fc.array(revisionPlan, { minLength: 1, maxLength: 4 }),
})

const payloadOf = (model: string, n: number, plan: RevisionPlan): string | Uint8Array => {
  const images = plan.blobs.map((file_id) => ({ file_id, size: 1 }))
  const payload = {
    name: `${plan.text} ${n}`,
    rank: n,
    ...(model === 'album' ? { by: plan.others[0] ?? null } : { albums: plan.others }),
    images,
    ...(plan.storage === 'large' ? { long: 'long '.repeat(75_000) } : {}),
  }
  return plan.isMsgpack ? encode(payload) : JSON.stringify(payload)
}

export const sha256Of = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Returns a copy of an item with other attributes. Undefined removes an attribute. */
export const changed = (item: Item, changes: Readonly<Record<string, Item[string] | undefined>>): Item =>
  Object.fromEntries(
    Object.entries({ ...item, ...changes }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )

/** Returns the revision with its payload as an object, and the key of the object. */
export const spilledRevision = (item: Item): { readonly item: Item; readonly key: string; readonly bytes: Buffer } => {
  const { data } = item
  const bytes = Buffer.from(data?.S ?? data?.B ?? '')
  return {
    item: changed(item, { data: undefined, data_spilled: { BOOL: true } }),
    key: `payloads/${item['data_sha256']?.S ?? ''}`,
    bytes,
  }
}

/** Builds a resource without damage. */
export const buildDrawn = (registry: ModelRegistry, { model, id, revisions: plans }: ResourcePlan): DrawnResource => {
  const { items, objects } = buildResource(registry, {
    model,
    id,
    payloads: plans.map((plan, k) => payloadOf(model, k + 1, plan)),
  })
  const payloads = new Map([...objects].map(([key, bytes]): [string, DrawnPayload] => [key, { bytes }]))
  const revisions = items.slice(1).map((item, k) => {
    if (plans[k]?.storage !== 'spilled' || item['data'] === undefined) return item
    const spilled = spilledRevision(item)
    payloads.set(spilled.key, { bytes: spilled.bytes })
    return spilled.item
  })
  return { model, id, metadata: must(items[0]), revisions: bySortKey(revisions), payloads }
}

export const bySortKey = (items: readonly Item[]): Item[] =>
  items.toSorted((a, b) => compareBytes(sortKeyOf(a), sortKeyOf(b)))

/** All items of a resource. */
export const itemsIn = ({ metadata, revisions }: DrawnResource): Item[] => [
  ...(metadata === undefined ? [] : [metadata]),
  ...revisions,
]
