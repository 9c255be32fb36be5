import { hash } from 'node:crypto'
import { isUtf8 } from 'node:buffer'
import { instantOf } from '../values/instant.ts'
import { must } from '../values/must.ts'
import { type Item, keyAttributes } from '../tables/item.ts'
import { itemBytes, lineBytes, maxLineBytes } from './item-size.ts'
import { metadataKey, revisionKey } from './keys.ts'
import { MetadataView, RevisionView } from './views.ts'

/**
 * The metadata of a resource. SpecStar's type for it is `ResourceMeta`. Times are in ISO 8601. A field that is not set
 * is absent.
 */
export interface ResourceMeta {
  readonly current_revision_id: string
  readonly resource_id: string
  readonly schema_version?: string | null
  readonly total_revision_count: number | bigint
  readonly created_time: string
  readonly updated_time: string
  readonly created_by: string
  readonly updated_by: string
  readonly is_deleted?: boolean
  /**
   * A JSON string or an object. If a float has no fraction, for example `1.0`, use a string, because JavaScript would
   * write the number as `1`.
   */
  readonly indexed_data?: string | Readonly<Record<string, unknown>>
  readonly rev_status?: string
  readonly rev_created_by?: string
  readonly rev_updated_by?: string
  readonly rev_created_time?: string
  readonly rev_updated_time?: string
}

/**
 * A revision without its payload. SpecStar's type for it is `RevisionInfo`. Times are in ISO 8601. A field that is not
 * set is absent.
 */
export interface RevisionInfo {
  readonly uid: string
  readonly resource_id: string
  readonly revision_id: string
  readonly parent_revision_id?: string | null
  readonly parent_schema_version?: string | null
  readonly schema_version?: string | null
  readonly data_hash?: string
  readonly status: string
  readonly created_time: string
  readonly updated_time: string
  readonly created_by: string
  readonly updated_by: string
}

/** The model to which an item is written, and the job that writes the item. */
interface Destination {
  readonly model: string
  readonly shards: number
  /**
   * The id of the restore job that writes the item. It is stored as `applied_by`. Absent if the writer is not a
   * restore.
   */
  readonly job_id?: string
}

/** A revision item and the payload that must be stored separately. */
interface PreparedRevision {
  readonly item: Item
  /** The payload, if it is too large for the item. The caller must store the payload before it writes the item. */
  readonly spilled?: Buffer
}

/**
 * The largest size of a revision item with its payload, in bytes. If an item would be larger, its payload is spilled.
 * The limit leaves a margin below DynamoDB's limit of 400 KiB.
 */
const MAX_INLINE_ITEM_BYTES = 350 * 1024
/** The limit on a line of an archive, in bytes. */
const MAX_LINE_BYTES = 1024 * 1024

/** Creates a metadata item. Throws `ResourceIdError` if the resource id is not valid. */
export const itemFromMetadata = (meta: ResourceMeta, destination: Destination): Item => {
  const { indexed_data, schema_version = null, is_deleted = false, ...fields } = meta
  const item: Item = {}
  for (const [name, value] of Object.entries({ ...fields, schema_version, is_deleted })) setAttribute(item, name, value)
  if (indexed_data !== undefined)
    item['indexed_data'] = { S: typeof indexed_data === 'string' ? indexed_data : JSON.stringify(indexed_data) }
  return deriveMetadata(item, destination)
}

/**
 * Creates a revision item. The bytes of the payload are kept exactly. Throws `ResourceIdError` if an id or the schema
 * version is not valid.
 */
export const itemFromRevision = (
  info: RevisionInfo,
  payload: Uint8Array,
  destination: Destination,
): PreparedRevision => {
  const { parent_revision_id = null, schema_version = null, ...fields } = info
  const item: Item = {}
  for (const [name, value] of Object.entries({ ...fields, parent_revision_id, schema_version }))
    setAttribute(item, name, value)
  item['data'] = dataAttribute(payload)
  item['data_sha256'] = { S: hash('sha256', payload) }
  item['data_size'] = { N: payload.byteLength.toString() }
  return deriveRevision(item, destination)
}

/**
 * Returns a copy of a metadata item in which the derived attributes are computed again: the key, `created_at`,
 * `updated_at` and `applied_by`. Other attributes are kept. Throws `ResourceIdError` if the resource id is not valid.
 */
export const deriveMetadata = (item: Item, destination: Destination): Item => {
  const kept = without(item, ['pk', 'sk', 'created_at', 'updated_at', 'applied_by'])
  const { resourceId, createdTime, updatedTime } = new MetadataView(item)
  const created = instantOf(createdTime ?? '')
  const updated = instantOf(updatedTime ?? '')
  return {
    ...keyAttributes(metadataKey(destination.model, resourceId, destination.shards)),
    ...kept,
    ...(created === undefined ? {} : { created_at: { S: created } }),
    ...(updated === undefined ? {} : { updated_at: { S: updated } }),
    ...appliedBy(destination),
  }
}

/**
 * Returns a copy of a revision item in which the derived attributes are computed again: the key, `data_spilled` and
 * `applied_by`. Other attributes are kept. If the payload is too large for the item, the payload is removed from the
 * item and returned as `spilled`. If the given item has no payload, because it is already spilled, `spilled` is absent.
 * Throws `ResourceIdError` if an id or the schema version is not valid.
 */
export const deriveRevision = (item: Item, destination: Destination): PreparedRevision => {
  const kept = without(item, ['pk', 'sk', 'data', 'data_spilled', 'applied_by'])
  const { model, shards } = destination
  const { resourceId, revisionId, schemaVersion, inlinePayload } = new RevisionView(item)
  const key = revisionKey(model, resourceId, revisionId ?? '', schemaVersion, shards)
  const base: Item = { ...keyAttributes(key), ...kept, ...appliedBy(destination) }
  if (inlinePayload === undefined) return { item: { ...base, data_spilled: { BOOL: true } } }
  const inline: Item = { ...base, data: must(item['data']) }
  return fits(inline)
    ? { item: inline }
    : { item: { ...base, data_spilled: { BOOL: true } }, spilled: Buffer.from(inlinePayload) }
}

/** Returns true if an item with its payload is small enough for DynamoDB and for a line of an archive. */
const fits = (item: Item): boolean => {
  const bytes = itemBytes(item)
  if (bytes > MAX_INLINE_ITEM_BYTES) return false
  // Computing the exact size of a line is slow. For most items, the upper bound already shows that the line fits.
  return maxLineBytes(bytes) <= MAX_LINE_BYTES || lineBytes(item) <= MAX_LINE_BYTES
}

const dataAttribute = (payload: Uint8Array): { S: string } | { B: Uint8Array } => {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return isUtf8(bytes) ? { S: bytes.toString() } : { B: bytes }
}

const without = (item: Item, names: readonly string[]): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)))

const appliedBy = ({ job_id }: Destination): Item => (job_id === undefined ? {} : { applied_by: { S: job_id } })

const setAttribute = (item: Item, name: string, value: string | number | bigint | boolean | null): void => {
  if (value === null) item[name] = { NULL: true }
  else if (typeof value === 'string') item[name] = { S: value }
  else if (typeof value === 'boolean') item[name] = { BOOL: value }
  else item[name] = { N: value.toString() }
}
