import { hash } from 'node:crypto'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { deriveMetadata, deriveRevision } from '../resources/attributes.ts'
import { itemBytes, MAX_ITEM_BYTES } from '../resources/item-size.ts'
import { decodePayload } from '../resources/payload.ts'
import { type BlobFields, type PayloadReferences, referencesIn } from '../resources/revision-references.ts'
import { MetadataView, RevisionView } from '../resources/views.ts'
import type { Item } from '../tables/item.ts'
import { isDeeperThan, isValueDeeperThan } from '../values/json-depth.ts'
import { isTime } from '../values/instant.ts'
import { must } from '../values/must.ts'
import { isUuid } from '../values/uuid.ts'
import { resultOrFault } from './errors.ts'
import { recordKeyOf } from './record-line.ts'

/*
 * The rules for a single record. They are used by exports, by conversions, and by the preflight of restores. If a
 * record has no fault, it can be restored, and its restore passes verification. `STORE.md` describes the fields, and
 * states which of the required fields a record may lack.
 */

/**
 * Checks the value of an attribute. Returns undefined if the value is valid. Otherwise returns a description of the
 * allowed values.
 */
type Rule = (value: AttributeValue) => string | undefined
/** The rules of attributes, by the name of the attribute. */
type Rules = ReadonlyMap<string, Rule>

const text: Rule = ({ S }) => (S === undefined ? 'must be a string' : undefined)
const id: Rule = ({ S }) => (S === undefined || S === '' ? 'must be a string that is not empty' : undefined)
const uuid: Rule = ({ S }) => (S === undefined || !isUuid(S) ? 'must be a UUID, as a string' : undefined)
const status: Rule = ({ S }) => (S === 'stable' || S === 'draft' ? undefined : 'must be "stable" or "draft"')
const nullableText: Rule = ({ S, NULL }) =>
  S === undefined && NULL === undefined ? 'must be a string or NULL' : undefined
const boolean: Rule = ({ BOOL }) => (BOOL === undefined ? 'must be a Boolean' : undefined)
const count: Rule = ({ N }) =>
  N !== undefined && Number.isInteger(Number(N)) && Number(N) >= 0 ? undefined : 'must be a whole number'
const time: Rule = ({ S }) => (S === undefined || !isTime(S) ? 'must be a time in ISO 8601, as a string' : undefined)
const jsonObject: Rule = ({ S }) =>
  S !== undefined && isJsonObject(S) ? undefined : 'must be a JSON object, as a string'
const sha256: Rule = ({ S }) =>
  S !== undefined && /^[0-9a-f]{64}$/.test(S) ? undefined : 'must be 64 hex digits in lower case, as a string'
const isTrue: Rule = ({ BOOL }) => (BOOL === true ? undefined : 'must be true if it is present')
const bytes: Rule = ({ S, B }) => (S === undefined && B === undefined ? 'must be a string or binary' : undefined)

/**
 * The largest nesting of JSON and of payloads. The JSON parser of Python, which SpecStar uses, accepts about 1,000
 * levels. The checks of a restore are recursive and fail on thousands of levels.
 */
const MAX_LEVELS = 1_000
const TOO_DEEP = `must be nested at most ${MAX_LEVELS} levels deep`

const METADATA_RULES: Rules = new Map<string, Rule>(
  Object.entries({
    current_revision_id: id,
    total_revision_count: count,
    schema_version: nullableText,
    created_time: time,
    updated_time: time,
    created_by: text,
    updated_by: text,
    is_deleted: boolean,
    indexed_data: jsonObject,
    rev_status: status,
    rev_created_by: text,
    rev_updated_by: text,
    rev_created_time: time,
    rev_updated_time: time,
  }),
)

const REVISION_RULES: Rules = new Map<string, Rule>(
  Object.entries({
    uid: uuid,
    revision_id: id,
    parent_revision_id: nullableText,
    parent_schema_version: nullableText,
    schema_version: nullableText,
    data_hash: text,
    status,
    created_time: time,
    updated_time: time,
    created_by: text,
    updated_by: text,
    data: bytes,
    data_spilled: isTrue,
    data_sha256: sha256,
    data_size: count,
  }),
)

/**
 * A string with the length of the longest id of a restore job. A restore adds the id of its job to every item as
 * `applied_by`.
 */
const LONGEST_JOB_ID = 'u-'.padEnd(42, '0')
/**
 * Smaller items need no exact check, because the attributes that a restore adds (`applied_by`, `created_at` and
 * `updated_at`) take about 150 bytes, and a longer shard number takes a few bytes more. The rest of the 4,096 bytes is
 * a margin.
 */
const MAX_SAFE_ITEM_BYTES = MAX_ITEM_BYTES - 4096

/**
 * The origin of a record. Archives of earlier releases may contain field values that STORE.md does not allow, and
 * payloads that cannot be decoded. Such archives must remain restorable, so field values and the encoding of payloads
 * are checked only for records of the store.
 */
export type RecordOrigin = 'store' | 'archive'

/** Returns the reason why a metadata item cannot be restored. Returns undefined if it can be restored. */
export const metadataFault = (item: Item, origin: RecordOrigin = 'store'): string | undefined =>
  keyFault(item) ??
  (new MetadataView(item).currentRevisionId === undefined ? 'current_revision_id must be a string' : undefined) ??
  (origin === 'store' ? fieldFault(item, METADATA_RULES) : undefined) ??
  depthFault(item) ??
  sizeFault(item, (destination) => deriveMetadata(item, destination))

/** The result of `checkRevision`. */
type CheckedRevision =
  { readonly fault: string } | { readonly fault?: undefined; readonly references: PayloadReferences }

/**
 * Checks a revision item and its payload. If the revision can be restored, returns the references in the payload.
 * Otherwise returns the reason. `payload` is undefined if the item neither contains a payload nor refers to one. By
 * default, references to blobs are recognized by their shape.
 */
export const checkRevision = (
  item: Item,
  payload: string | Uint8Array | undefined,
  origin: RecordOrigin = 'store',
  blobFields?: BlobFields,
): CheckedRevision => {
  const itemFault = keyFault(item) ?? (origin === 'store' ? revisionFault(item) : undefined)
  if (itemFault !== undefined) return { fault: itemFault }
  if (payload === undefined) return { fault: 'the revision has neither data nor data_spilled' }
  const fault =
    payloadFault(item, payload, origin) ?? sizeFault(item, (destination) => deriveRevision(item, destination).item)
  if (fault !== undefined) return { fault }
  if (isTooDeep(payload)) return { fault: `the payload ${TOO_DEEP}` }
  const view = new RevisionView(item)
  const references = referencesIn(view, payload, blobFields)
  if (references !== undefined) return { references }
  return origin === 'store'
    ? { fault: 'the payload is neither JSON nor MessagePack' }
    : { references: { spilledSha256: view.spilledSha256, fileIds: [] } }
}

const keyFault = (item: Item): string | undefined => resultOrFault(() => recordKeyOf(item)).fault

const fieldFault = (item: Item, rules: Rules): string | undefined => {
  for (const name of Object.keys(item)) {
    const fault = rules.get(name)?.(must(item[name]))
    if (fault !== undefined) return `${name} ${fault}`
  }
  return undefined
}

/** Each level of `indexed_data` takes at least one character, so short JSON needs no check. */
const depthFault = (item: Item): string | undefined => {
  const json = item['indexed_data']?.S ?? ''
  return json.length > MAX_LEVELS && isDeeperThan(Buffer.from(json), MAX_LEVELS)
    ? `indexed_data ${TOO_DEEP}`
    : undefined
}

const revisionFault = (item: Item): string | undefined =>
  fieldFault(item, REVISION_RULES) ??
  (item['data'] !== undefined && item['data_spilled'] !== undefined
    ? 'the revision has both data and data_spilled; exactly one of them is allowed'
    : undefined)

const payloadFault = (item: Item, payload: string | Uint8Array, origin: RecordOrigin): string | undefined => {
  const { dataSha256 } = new RevisionView(item)
  if (dataSha256 === undefined) return 'data_sha256 is missing'
  const actual = hash('sha256', payload)
  if (actual !== dataSha256) return `the payload has sha256 ${actual}, but data_sha256 is ${dataSha256}`
  if (origin === 'archive') return undefined
  const size = Buffer.byteLength(payload)
  const stated = item['data_size']?.N
  return stated === undefined || Number(stated) === size
    ? undefined
    : `the payload has ${size} bytes, but data_size is ${stated}`
}

const sizeFault = (
  item: Item,
  derive: (destination: { readonly model: string; readonly shards: number; readonly job_id: string }) => Item,
): string | undefined => {
  if (itemBytes(item) <= MAX_SAFE_ITEM_BYTES) return undefined
  // The number of shards of the target store is unknown. The largest number of shards gives the longest key.
  const size = itemBytes(derive({ model: recordKeyOf(item).model, shards: 1024, job_id: LONGEST_JOB_ID }))
  return size <= MAX_ITEM_BYTES
    ? undefined
    : `the item would have ${size} bytes after a restore, with applied_by; DynamoDB allows at most ${MAX_ITEM_BYTES} bytes`
}

/**
 * Returns true if the payload is nested too deeply. Each level takes at least one byte, so short payloads need no
 * check.
 */
const isTooDeep = (payload: string | Uint8Array): boolean => {
  if (payload.length <= MAX_LEVELS) return false
  const bytes = Buffer.from(payload)
  return bytes.readUInt8(0) >= 0x80
    ? isValueDeeperThan(decodePayload(bytes), MAX_LEVELS)
    : isDeeperThan(bytes, MAX_LEVELS)
}

const isJsonObject = (json: string): boolean => {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
