import { createHash } from 'node:crypto'
import { isUtf8 } from 'node:buffer'
import { instantOf } from '../values/instant.ts'
import { type Item, keyAttributes } from '../tables/item.ts'
import { itemBytes, lineBytes } from './item-size.ts'
import { metadataKey, revisionKey } from './keys.ts'

/** A resource's metadata as SpecStar has it. Times are ISO 8601, as they came; what is absent is unset. */
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
  /** JSON text, or values (whole numbers count as integers; give floats like 1.0 as text). */
  readonly indexed_data?: string | Readonly<Record<string, unknown>>
  readonly rev_status?: string
  readonly rev_created_by?: string
  readonly rev_updated_by?: string
  readonly rev_created_time?: string
  readonly rev_updated_time?: string
}

/** What SpecStar keeps of a revision beside its payload. */
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

/** Where an item goes, and the job that writes it (`applied_by`), where a restore does. */
export interface Target {
  readonly model: string
  readonly shards: number
  readonly job_id?: string
}

/** A revision's item; `spilled` is the payload where it does not fit: it must be stored before the item. */
export interface PreparedRevision {
  readonly item: Item
  readonly spilled?: Buffer
}

/** An item of 350 KiB leaves room below DynamoDB's 400 KB; a record line must stay within 1 MiB, and escapes lengthen it. */
const MAX_ITEM_BYTES = 350 * 1024
const MAX_LINE_BYTES = 1024 * 1024

/** Makes a metadata item. Throws `ResourceIdError`. */
export const itemFromMetadata = (meta: ResourceMeta, target: Target): Item => {
  const { indexed_data, schema_version = null, is_deleted = false, ...fields } = meta
  const item: Item = {}
  for (const [name, value] of Object.entries({ ...fields, schema_version, is_deleted })) setPlain(item, name, value)
  if (indexed_data !== undefined)
    item['indexed_data'] = { S: typeof indexed_data === 'string' ? indexed_data : JSON.stringify(indexed_data) }
  return deriveMetadata(item, target)
}

/** Makes a revision's item out of its info and its payload's exact bytes. Throws `ResourceIdError`. */
export const itemFromRevision = (info: RevisionInfo, payload: Uint8Array, target: Target): PreparedRevision => {
  const { parent_revision_id = null, schema_version = null, ...fields } = info
  const item: Item = {}
  for (const [name, value] of Object.entries({ ...fields, parent_revision_id, schema_version }))
    setPlain(item, name, value)
  item['data'] = dataOf(payload)
  item['data_sha256'] = { S: createHash('sha256').update(payload).digest('hex') }
  item['data_size'] = { N: payload.byteLength.toString() }
  return deriveRevision(item, target)
}

/** Makes anew what is derived of a metadata item: keys, comparable times, `applied_by`. All else stays as it came. */
export const deriveMetadata = (item: Item, target: Target): Item => {
  const own = without(item, ['pk', 'sk', 'created_at', 'updated_at', 'applied_by'])
  const created = instantOf(own['created_time']?.S ?? '')
  const updated = instantOf(own['updated_time']?.S ?? '')
  return {
    ...keyAttributes(metadataKey(target.model, own['resource_id']?.S ?? '', target.shards)),
    ...own,
    ...(created === undefined ? {} : { created_at: { S: created } }),
    ...(updated === undefined ? {} : { updated_at: { S: updated } }),
    ...appliedBy(target),
  }
}

/**
 * Makes anew what is derived of a revision's item: keys, `data_spilled`, `applied_by`. A payload that stands in the item and no
 * longer fits is spilled; one that was spilled stays so.
 */
export const deriveRevision = (item: Item, target: Target): PreparedRevision => {
  const { data } = item
  const own = without(item, ['pk', 'sk', 'data', 'data_spilled', 'applied_by'])
  const { model, shards } = target
  const key = revisionKey(
    model,
    own['resource_id']?.S ?? '',
    own['revision_id']?.S ?? '',
    own['schema_version']?.S,
    shards,
  )
  const base: Item = { ...keyAttributes(key), ...own, ...appliedBy(target) }
  const bytes = data?.S ?? data?.B
  if (data === undefined || bytes === undefined) return { item: { ...base, data_spilled: { BOOL: true } } }
  const inline: Item = { ...base, data }
  return fits(inline)
    ? { item: inline }
    : { item: { ...base, data_spilled: { BOOL: true } }, spilled: Buffer.from(bytes) }
}

const fits = (item: Item): boolean => {
  const bytes = itemBytes(item)
  if (bytes > MAX_ITEM_BYTES) return false
  // An escape takes six characters for one at most: short items need no count.
  return bytes * 6 + 4096 <= MAX_LINE_BYTES || lineBytes(item) <= MAX_LINE_BYTES
}

const dataOf = (payload: Uint8Array): { S: string } | { B: Uint8Array } => {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return isUtf8(bytes) ? { S: bytes.toString() } : { B: bytes }
}

const without = (item: Item, names: readonly string[]): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)))

const appliedBy = ({ job_id }: Target): Item => (job_id === undefined ? {} : { applied_by: { S: job_id } })

const setPlain = (item: Item, name: string, value: string | number | bigint | boolean | null): void => {
  if (value === null) item[name] = { NULL: true }
  else if (typeof value === 'string') item[name] = { S: value }
  else if (typeof value === 'boolean') item[name] = { BOOL: value }
  else item[name] = { N: value.toString() }
}
