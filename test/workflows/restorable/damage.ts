import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { itemBytes, MAX_ITEM_BYTES } from '../../../shared/resources/item-size.ts'
import { type Item, sortKeyOf } from '../../../shared/tables/item.ts'
import {
  bySortKey,
  changed,
  type DrawnPayload,
  type DrawnResource,
  sha256Of,
  spilledRevision,
} from './drawn-resource.ts'

/** Changes a resource. `n` is any whole number; it selects a revision. */
type Change = (resource: DrawnResource, n: number) => DrawnResource

/** The resources to which a kind of damage can be applied. `archive` includes the resources of a foreign archive. */
interface DamageKind {
  readonly change: Change
  readonly inArchive: boolean
}

type Changes = Parameters<typeof changed>[1]

const onMetadata =
  (change: (metadata: Item) => Item): Change =>
  (resource) =>
    resource.metadata === undefined ? resource : { ...resource, metadata: change(resource.metadata) }
const metadata = (changes: Changes): Change => onMetadata((item) => changed(item, changes))

const onRevision =
  (change: (revision: Item) => Item): Change =>
  (resource, n) => {
    const index = n % Math.max(1, resource.revisions.length)
    return {
      ...resource,
      revisions: bySortKey(resource.revisions.map((item, k) => (k === index ? change(item) : item))),
    }
  }
const revision = (changes: Changes): Change => onRevision((item) => changed(item, changes))
const withoutRevisions = (isRemoved: (revision: Item, resource: DrawnResource) => boolean): Change => {
  return (resource) => ({ ...resource, revisions: resource.revisions.filter((item) => !isRemoved(item, resource)) })
}
const isCurrent = (item: Item, { metadata: owner }: DrawnResource): boolean =>
  item['revision_id']?.S === owner?.['current_revision_id']?.S

/** Replaces the payload of a revision. Its hash and size match. */
const payload = (text: string | Uint8Array): Change =>
  onRevision((item) =>
    changed(item, {
      data: typeof text === 'string' ? { S: text } : { B: text },
      data_spilled: undefined,
      data_sha256: { S: sha256Of(text) },
      data_size: { N: `${Buffer.byteLength(text)}` },
    }),
  )

/** Spills the payload of a revision, if it is not spilled yet, and changes its object. Undefined removes the object. */
const onSpilled =
  (change: (payload: DrawnPayload) => DrawnPayload | undefined): Change =>
  (resource, n) => {
    const { revisions } = resource
    const index = n % Math.max(1, revisions.length)
    const item = revisions[index]
    if (item === undefined) return resource
    const payloads = new Map(resource.payloads)
    const key = `payloads/${item['data_sha256']?.S ?? ''}`
    const spilled = item['data'] === undefined ? undefined : spilledRevision(item)
    const before = spilled === undefined ? payloads.get(key) : { bytes: spilled.bytes }
    const after = before === undefined ? undefined : change(before)
    if (after === undefined) payloads.delete(key)
    else payloads.set(key, after)
    return {
      ...resource,
      payloads,
      revisions: revisions.map((each, k) => (k === index ? (spilled?.item ?? each) : each)),
    }
  }

const renamed = (item: Item, from: string, to: string): Item =>
  changed(item, { sk: { S: sortKeyOf(item).replace(from, to) } })
/** Changes the sort keys of all items. */
const withKeys =
  (change: (item: Item, resource: DrawnResource) => Item): Change =>
  (resource) => ({
    ...resource,
    metadata: resource.metadata === undefined ? undefined : change(resource.metadata, resource),
    revisions: bySortKey(resource.revisions.map((item) => change(item, resource))),
  })

/** Gives all items another id, under the id hash of the original id. */
const withId = (id: string): Change =>
  withKeys((item, { id: before }) => changed(renamed(item, `/${before}`, `/${id}`), { resource_id: { S: id } }))

const HEX = '0123456789abcdef'
/** Changes the last digit of the id hash, so that the item stays in its shard. */
const otherIdHash = withKeys((item) => {
  const sk = sortKeyOf(item)
  const digit = HEX[(HEX.indexOf(sk[15] ?? '0') + 1) % HEX.length] ?? '0'
  return changed(item, { sk: { S: sk.slice(0, 15) + digit + sk.slice(16) } })
})

const otherShard: (item: Item) => Item = (item) =>
  changed(item, { pk: { S: (item['pk']?.S ?? '').replace(/\d+$/, (shard) => `${Number(shard) + 1}`) } })

/** A metadata item that fits into DynamoDB, but may be too large with the attributes that a restore adds. */
const nearLimit = (spare: number): Change =>
  onMetadata((item) => changed(item, { filler: { S: 'n'.repeat(MAX_ITEM_BYTES - itemBytes(item) - 6 - spare) } }))

/** Attributes that STORE.md does not define. Exports and restores keep them. */
const UNKNOWN_ATTRIBUTES: Item = {
  note: { S: '"\u2028\\' },
  numbers: { NS: ['1', '2.5', '-7'] },
  binary: { B: Uint8Array.of(0, 255) },
  binaries: { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
  texts: { SS: ['x', 'y'] },
  nested: {
    M: { '': { L: [{ NULL: true }, { BOOL: false }, { M: {} }] }, deep: { M: { b: { B: Uint8Array.of(7) } } } },
  },
  toString: { S: 'an inherited name' },
  applied_by: { N: '7' },
}

const store = (change: Change): DamageKind => ({ change, inArchive: false })
const everywhere = (change: Change): DamageKind => ({ change, inArchive: true })

/** Every kind of damage, and some changes that are unusual but harmless. */
const DAMAGE: Readonly<Record<string, DamageKind>> = {
  'an id with a slash': everywhere(withId('sl/ash')),
  'an id with a tab': everywhere(withId('t\tab')),
  'an id of 300 characters': everywhere(withId('l'.repeat(300))),
  'metadata without resource_id': everywhere(metadata({ resource_id: undefined })),
  'metadata with a resource_id that is a number': everywhere(metadata({ resource_id: { N: '1' } })),
  'metadata with another resource_id': everywhere(metadata({ resource_id: { S: 'other' } })),
  'metadata without current_revision_id': everywhere(metadata({ current_revision_id: undefined })),
  'a current revision that does not exist': everywhere(metadata({ current_revision_id: { S: 'nothing' } })),
  'an earlier revision as the current one': everywhere((resource, n) => {
    const id = resource.revisions[n % Math.max(1, resource.revisions.length)]?.['revision_id']
    return metadata(id === undefined ? {} : { current_revision_id: id })(resource, n)
  }),
  'a time that is no time': everywhere(metadata({ created_time: { S: 'yesterday' } })),
  'an update time that is a number': everywhere(metadata({ updated_time: { N: '1' } })),
  'metadata without times': everywhere(metadata({ created_time: undefined, updated_time: undefined })),
  'a user that is a number': everywhere(metadata({ updated_by: { N: '1' } })),
  'a deletion mark that is a string': everywhere(metadata({ is_deleted: { S: 'no' } })),
  'a deleted resource': everywhere(metadata({ is_deleted: { BOOL: true } })),
  'a count with a fraction': everywhere(metadata({ total_revision_count: { N: '1.5' } })),
  'a count that was set back': everywhere(metadata({ total_revision_count: { N: '0' } })),
  'an update time that was set back': everywhere(metadata({ updated_time: { S: '2020-01-01T00:00:00Z' } })),
  'a copied time of another revision': everywhere(metadata({ rev_updated_time: { S: '2020-01-01T00:00:00+02:00' } })),
  'indexed_data that is not JSON': everywhere(metadata({ indexed_data: { S: '{' } })),
  'indexed_data that is a list': everywhere(metadata({ indexed_data: { S: '[]' } })),
  'indexed_data that differs from the payload': everywhere(
    metadata({ indexed_data: { S: '{"name":"other","x":1.0}' } }),
  ),
  'no indexed_data': everywhere(metadata({ indexed_data: undefined })),
  'a schema version of the metadata that is a number': everywhere(metadata({ schema_version: { N: '1' } })),
  'a schema version of the metadata that no revision has': everywhere(metadata({ schema_version: { S: '9' } })),
  'metadata too large for applied_by': everywhere(nearLimit(20)),
  'metadata just below the limit': everywhere(nearLimit(400)),
  'a line of more than 1 MiB': store(metadata({ filler: { S: '\u0001'.repeat(200_000) } })),
  'unknown attributes of the metadata': everywhere(metadata(UNKNOWN_ATTRIBUTES)),
  'attributes of a revision in the metadata': everywhere(
    metadata({ data: { S: 'x' }, data_spilled: { BOOL: true }, data_sha256: { S: 'x' }, revision_id: { S: 'x' } }),
  ),
  'no metadata': everywhere((resource) => ({ ...resource, metadata: undefined })),
  'no revisions': everywhere(withoutRevisions(() => true)),
  'no current revision': everywhere(withoutRevisions(isCurrent)),
  'no earlier revisions': everywhere(withoutRevisions((item, resource) => !isCurrent(item, resource))),
  'an id hash of another id': store(otherIdHash),
  'an id hash of metadata in upper case': store(
    onMetadata((item) => changed(item, { sk: { S: sortKeyOf(item).replace(/^.{16}/, (h) => h.toUpperCase()) } })),
  ),
  'a sort key without an id hash': store(
    withKeys((item) => changed(item, { sk: { S: sortKeyOf(item).replace(/^.{16}/, 'zzzz') } })),
  ),
  'metadata in another shard': store(onMetadata(otherShard)),
  'a revision in another shard': store(onRevision(otherShard)),
  'a sort key with a slash at its end': everywhere(
    onMetadata((item) => changed(item, { sk: { S: `${sortKeyOf(item)}/` } })),
  ),
  'a revision without resource_id': everywhere(revision({ resource_id: undefined })),
  'a revision with another resource_id': everywhere(revision({ resource_id: { S: 'other' } })),
  'a revision without revision_id': everywhere(revision({ revision_id: undefined })),
  'a revision with the id of another resource': everywhere(
    onRevision((item) => changed(item, { revision_id: { S: `other:${item['revision_id']?.S ?? ''}` } })),
  ),
  'a revision id that fits into no key': everywhere(revision({ revision_id: { S: 'ü'.repeat(300) } })),
  'a schema version that the key does not encode': everywhere(revision({ schema_version: { S: '1.0' } })),
  'a schema version that is a number': everywhere(revision({ schema_version: { N: '1' } })),
  'a schema version raw in the key': everywhere(
    onRevision((item) =>
      changed(item, { schema_version: { S: '1.0' }, sk: { S: sortKeyOf(item).replace(/-$/, '1.0') } }),
    ),
  ),
  'a number without padding in the key': everywhere(
    onRevision((item) => changed(item, { sk: { S: sortKeyOf(item).replace(/\/0+([1-9]\d*\/[^/]*)$/, '/$1') } })),
  ),
  'a payload that is not its data_sha256': everywhere(revision({ data: { S: '{"name":"rotten"}' } })),
  'no data_sha256': everywhere(revision({ data_sha256: undefined })),
  'data_sha256 in upper case': everywhere(
    onRevision((item) => changed(item, { data_sha256: { S: (item['data_sha256']?.S ?? '').toUpperCase() } })),
  ),
  'data_sha256 that is a number': everywhere(revision({ data_sha256: { N: '1' } })),
  'no data': everywhere(revision({ data: undefined })),
  'data that is a number': everywhere(revision({ data: { N: '1' } })),
  'data and data_spilled': everywhere(revision({ data_spilled: { BOOL: true } })),
  'data_spilled that is false': everywhere(revision({ data_spilled: { BOOL: false } })),
  'a wrong data_size': everywhere(revision({ data_size: { N: '1' } })),
  'no data_size': everywhere(revision({ data_size: undefined })),
  'a parent that is a number': everywhere(revision({ parent_revision_id: { N: '1' } })),
  'a revision time that is no time': everywhere(revision({ updated_time: { S: '25:00' } })),
  'a revision newer than its metadata': everywhere(revision({ updated_time: { S: '2030-01-01T00:00:00Z' } })),
  'unknown attributes of a revision': everywhere(revision(UNKNOWN_ATTRIBUTES)),
  'an empty payload': everywhere(payload('')),
  'a payload with NaN': everywhere(payload('{"name":NaN}')),
  'a payload with a byte order mark': everywhere(payload('\uFEFF{"name":"bad"}')),
  'a payload that NUL follows': everywhere(payload('{"name":"bad"}\0')),
  'a payload that is cut short': everywhere(payload('{"images":[{"file_id":"red"')),
  'msgpack that is cut short': everywhere(payload(Uint8Array.of(0x82, 0xa1, 0x61))),
  'msgpack with bytes after its end': everywhere(payload(Uint8Array.of(0x80, 0x80))),
  'a payload that is a number': everywhere(payload('7')),
  'a payload that is one byte of msgpack': everywhere(payload(Uint8Array.of(0xc0))),
  'a payload of 380 KB that is not spilled': store(payload(JSON.stringify({ name: 'x'.repeat(380_000) }))),
  'a payload of control characters': store(payload(JSON.stringify({ name: '\u0001'.repeat(30_000) }))),
  'a blob with an escaped file_id': store(payload('{"images":{"f\\u0069le_id":"red"}}')),
  'a blob with an empty file_id': everywhere(payload('{"images":{"file_id":""}}')),
  'no spilled payload': everywhere(onSpilled(() => undefined)),
  'a damaged spilled payload': store(
    onSpilled(({ bytes }) => ({ bytes: Buffer.concat([Buffer.from('x'), bytes.subarray(1)]) })),
  ),
  'a spilled payload with the user metadata of others': store(
    onSpilled(({ bytes }) => ({ bytes, metadata: { sha256: 'ABC', size: '1', type: '100%' } })),
  ),
  'a spilled payload with a wrong sha256 of ours': store(
    onSpilled(({ bytes }) => ({
      bytes,
      metadata: { sha256: createHash('sha256').update('other').digest('hex'), size: `${bytes.length}` },
    })),
  ),
}

export interface Damage {
  readonly kind: string
  readonly n: number
}

const damageOf = (kinds: readonly string[]): fc.Arbitrary<Damage> =>
  fc.record({ kind: fc.constantFrom(...kinds), n: fc.nat(3) })

/** Damage of a resource in the store. Most resources have none or one. */
export const storeDamage: fc.Arbitrary<readonly Damage[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant([]) },
  { weight: 4, arbitrary: fc.array(damageOf(Object.keys(DAMAGE)), { minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.array(damageOf(Object.keys(DAMAGE)), { minLength: 2, maxLength: 3 }) },
)

/** Damage of a resource in a foreign archive. */
export const archiveDamage: fc.Arbitrary<readonly Damage[]> = fc.oneof(
  fc.constant([]),
  damageOf(Object.keys(DAMAGE).filter((kind) => DAMAGE[kind]?.inArchive === true)).map((damage) => [damage]),
)

/** Returns the damaged resource. */
export const damaged = (resource: DrawnResource, damage: readonly Damage[]): DrawnResource =>
  damage.reduce((before, { kind, n }) => DAMAGE[kind]?.change(before, n) ?? before, resource)
