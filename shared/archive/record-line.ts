import { isUtf8 } from 'node:buffer'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import * as z from 'zod'
import { metadataSortKey, revisionSortKey } from '../resources/keys.ts'
import type { Item, Key } from '../tables/item.ts'
import { toBase64 } from '../values/base64.ts'
import { errorMessage } from '../values/error-message.ts'
import { isDeeperThan } from '../values/json-depth.ts'
import { quote } from '../values/message-text.ts'
import { RecordInvalidError, type RecordLocation, resultOrFault } from './errors.ts'
import { checkItem } from './item-check.ts'
import { MAX_LINE_BYTES, MAX_LINE_LEVELS } from './limits.ts'

/**
 * Encodes an item as a record line: `{"Item":…}` in DynamoDB JSON, and a newline. Binary values become base64. Throws
 * `RecordInvalidError` if the line is longer than 1 MiB.
 */
export const encodeLine = (item: Item): Buffer => {
  const json = Object.values(item).some(hasBytes) ? mapToJson(item) : item
  const line = Buffer.from(`${JSON.stringify({ Item: json })}\n`)
  if (line.length > MAX_LINE_BYTES)
    throw new RecordInvalidError(`the line has ${line.length} bytes; at most ${MAX_LINE_BYTES} are allowed`)
  return line
}

const hasBytes = ({ B, BS, M, L }: AttributeValue): boolean =>
  B !== undefined ||
  BS !== undefined ||
  (M !== undefined && Object.values(M).some(hasBytes)) ||
  (L?.some(hasBytes) ?? false)

const mapToJson = (map: Item): Record<string, unknown> =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, valueToJson(value)]))

const valueToJson = (value: AttributeValue): unknown => {
  if (value.B !== undefined) return { B: toBase64(value.B) }
  if (value.BS !== undefined) return { BS: value.BS.map(toBase64) }
  if (value.M !== undefined) return { M: mapToJson(value.M) }
  if (value.L !== undefined) return { L: value.L.map(valueToJson) }
  return value
}

/**
 * Decodes a record line, with or without its newline. If the JSON repeats a key, the last value is used. Throws
 * `RecordInvalidError` if the line is not JSON in UTF-8, is longer than 1 MiB, is nested deeper than 100 levels, or
 * contains an item that DynamoDB would reject.
 */
export const decodeLine = (line: Buffer, location: RecordLocation = {}): Item =>
  checkItem(parseLine(line, location), line, location)

/** Parses a record line. Checks its length and its nesting, but not the value of `Item`, which it returns. */
const parseLine = (line: Buffer, location: RecordLocation): unknown => {
  if (line.length > MAX_LINE_BYTES)
    throw new RecordInvalidError(`the line has more than ${MAX_LINE_BYTES} bytes`, location)
  if (!isUtf8(line)) throw new RecordInvalidError('the line is not UTF-8', location)
  if (isDeeperThan(line, MAX_LINE_LEVELS))
    throw new RecordInvalidError(`the line is nested deeper than ${MAX_LINE_LEVELS} levels`, location)
  return parseItem(line, location)
}

const parseItem = (line: Buffer, location: RecordLocation): unknown => {
  let parsed: unknown
  try {
    parsed = JSON.parse(line.toString())
  } catch {
    throw new RecordInvalidError('the line is not JSON', location)
  }
  if (typeof parsed !== 'object' || parsed === null || !('Item' in parsed) || Object.keys(parsed).length !== 1)
    throw new RecordInvalidError('the line must be an object with the single key Item', location)
  return parsed.Item
}

/** Identifies a record. */
export interface RecordKey {
  readonly kind: 'metadata' | 'revision'
  readonly model: string
  /** The resource id. */
  readonly id: string
  /** The id hash of the resource id. */
  readonly h: string
  /** The sort key of the item in the store. */
  readonly sk: string
}

/** Matches `<model>#<m or r>#<shard>`. The shard has at most 4 digits. */
const PARTITION_KEY = /^([A-Za-z][A-Za-z0-9_-]{0,62})#([mr])#(?:0|[1-9][0-9]{0,3})$/

/**
 * Returns the key of a record. Throws `RecordInvalidError` if `pk` or `sk` differs from the key that the store derives
 * from the item (`shared/resources/STORE.md`). The shard in `pk` may differ.
 */
export const recordKeyOf = (item: Item, location: RecordLocation = {}): RecordKey => {
  const [, model, letter] = PARTITION_KEY.exec(item['pk']?.S ?? '') ?? []
  if (model === undefined) throw new RecordInvalidError('pk must be <model>#m#<shard> or <model>#r#<shard>', location)
  const id = item['resource_id']?.S
  if (id === undefined) throw new RecordInvalidError('resource_id must be a string', location)
  const kind = letter === 'm' ? 'metadata' : 'revision'
  const sk = item['sk']?.S ?? ''
  const expected =
    kind === 'metadata' ? sortKey(location, () => metadataSortKey(id)) : expectedRevisionKey(item, id, location)
  if (sk !== expected) throw new RecordInvalidError(`sk is ${quote(sk)}, but must be ${quote(expected)}`, location)
  return { kind, model, id, h: sk.slice(0, 16), sk }
}

/** A record that cannot be stored, because DynamoDB would reject the item, or because the key of the item is wrong. */
export interface FaultyRecord {
  readonly kind: 'metadata' | 'revision'
  /** The value of `resource_id`. If it is missing, the resource id in `sk`. Empty if both are missing. */
  readonly id: string
  /** The resource id in `sk`. Empty if `sk` contains no resource id. */
  readonly idInKey: string
  /** The key in the record. A part that is not a string is empty. */
  readonly key: Key
  readonly fault: string
}

export type DecodedRecord = (RecordKey & { readonly item: Item; readonly fault?: undefined }) | FaultyRecord

/**
 * Decodes a record line like `decodeLine`, and also returns the key of the record. If DynamoDB would reject the item,
 * or if the key is wrong, returns a `FaultyRecord` instead of throwing, because the other records of the chunk can
 * still be read.
 */
export const decodeRecord = (line: Buffer, location: RecordLocation = {}): DecodedRecord => {
  const parsed = parseLine(line, location)
  const read = resultOrFault(() => {
    const item = checkItem(parsed, line, location)
    return { ...recordKeyOf(item, location), item }
  })
  return read.fault === undefined ? read.result : { ...statedKeyOf(parsed), fault: read.fault }
}

const Stated = z
  .object({
    pk: z.object({ S: z.string() }).catch({ S: '' }),
    sk: z.object({ S: z.string() }).catch({ S: '' }),
    resource_id: z.object({ S: z.string() }).optional().catch(undefined),
  })
  .catch({ pk: { S: '' }, sk: { S: '' } })

/** Returns the kind, ids and key of a faulty record, as far as they can be read. */
const statedKeyOf = (parsed: unknown): Omit<FaultyRecord, 'fault'> => {
  const { pk, sk, resource_id } = Stated.parse(parsed)
  const isRevision = pk.S.includes('#r#')
  const [, idInKey = '', revision] = sk.S.split('/')
  return {
    kind: isRevision || (!pk.S.includes('#m#') && revision !== undefined) ? 'revision' : 'metadata',
    id: resource_id?.S ?? idInKey,
    idInKey,
    key: { pk: pk.S, sk: sk.S },
  }
}

const expectedRevisionKey = (item: Item, id: string, location: RecordLocation): string => {
  const revision = item['revision_id']?.S
  if (revision === undefined) throw new RecordInvalidError('revision_id must be a string', location)
  const schema = item['schema_version']
  if (schema !== undefined && schema.S === undefined && schema.NULL === undefined)
    throw new RecordInvalidError('schema_version must be a string or null', location)
  return sortKey(location, () => revisionSortKey(id, revision, schema?.S))
}

/** Returns the result of `build`. If the store rejects an id, throws `RecordInvalidError`. */
const sortKey = (location: RecordLocation, build: () => string): string => {
  try {
    return build()
  } catch (error) {
    throw new RecordInvalidError(errorMessage(error), location)
  }
}
