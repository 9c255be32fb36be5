import { isUtf8 } from 'node:buffer'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../tables/item.ts'
import { metadataSortKey, revisionSortKey } from '../resources/keys.ts'
import { toBase64 } from '../values/base64.ts'
import { errorMessage } from '../values/error-message.ts'
import { RecordInvalidError, type RecordWhere } from './errors.ts'
import { checkItem } from './item-check.ts'
import { isDeeperThan } from '../values/json-depth.ts'
import { MAX_LINE_BYTES, MAX_LINE_LEVELS } from './limits.ts'

export { canonicalJson } from './canonical-json.ts'

/** One item as a line: `{"Item":…}` in DynamoDB JSON with binary values as base64, and a newline. */
export const encodeLine = (item: Item): Buffer => {
  const plain = Object.values(item).some(holdsBytes) ? withBase64(item) : item
  const line = Buffer.from(`${JSON.stringify({ Item: plain })}\n`)
  if (line.length > MAX_LINE_BYTES) throw new RecordInvalidError(`a line of ${line.length} bytes`)
  return line
}

const holdsBytes = ({ B, BS, M, L }: AttributeValue): boolean =>
  B !== undefined ||
  BS !== undefined ||
  (M !== undefined && Object.values(M).some(holdsBytes)) ||
  (L?.some(holdsBytes) ?? false)

const withBase64 = (map: Item): Record<string, unknown> =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, plainValue(value)]))

const plainValue = (value: AttributeValue): unknown => {
  if (value.B !== undefined) return { B: toBase64(value.B) }
  if (value.BS !== undefined) return { BS: value.BS.map(toBase64) }
  if (value.M !== undefined) return { M: withBase64(value.M) }
  if (value.L !== undefined) return { L: value.L.map(plainValue) }
  return value
}

/**
 * The item of a line (with or without its newline). Throws `RecordInvalidError` for a line over 1 MiB, over 100 levels, not
 * UTF-8 or not JSON, and for an item that DynamoDB would not take. Of a key given twice the last counts.
 */
export const decodeLine = (line: Buffer, where: RecordWhere = {}): Item => {
  if (line.length > MAX_LINE_BYTES) throw new RecordInvalidError(`a line of over ${MAX_LINE_BYTES} bytes`, where)
  if (!isUtf8(line)) throw new RecordInvalidError('the line is not UTF-8', where)
  if (isDeeperThan(line, MAX_LINE_LEVELS))
    throw new RecordInvalidError(`the line nests deeper than ${MAX_LINE_LEVELS} levels`, where)
  return checkItem(parseJson(line, where), line, where)
}

const parseJson = (line: Buffer, where: RecordWhere): unknown => {
  let parsed: unknown
  try {
    parsed = JSON.parse(line.toString())
  } catch {
    throw new RecordInvalidError('the line is not JSON', where)
  }
  if (typeof parsed !== 'object' || parsed === null || !('Item' in parsed) || Object.keys(parsed).length !== 1)
    throw new RecordInvalidError('the line is not {"Item": …}', where)
  return parsed.Item
}

/** What a record is, and where it stands. */
export interface RecordKey {
  readonly kind: 'metadata' | 'revision'
  readonly model: string
  readonly id: string
  readonly h: string
  readonly sk: string
}

const PARTITION = /^([A-Za-z][A-Za-z0-9_-]{0,62})#([mr])#(?:0|[1-9][0-9]{0,3})$/

/**
 * A record's model, kind, id and place. Throws `RecordInvalidError` where `pk` or `sk` is not what the store makes of the
 * item (`shared/resources/STORE.md`); the shard in `pk` is not read.
 */
export const recordOf = (item: Item, where: RecordWhere = {}): RecordKey => {
  const [, model, letter] = PARTITION.exec(item['pk']?.S ?? '') ?? []
  if (model === undefined) throw new RecordInvalidError('pk names no model and kind', where)
  const id = item['resource_id']?.S
  if (id === undefined) throw new RecordInvalidError('resource_id is not a text', where)
  const kind = letter === 'm' ? 'metadata' : 'revision'
  const sk = item['sk']?.S ?? ''
  const expected = kind === 'metadata' ? keyOf(where, () => metadataSortKey(id)) : revisionKeyOf(item, id, where)
  if (sk !== expected) throw new RecordInvalidError(`sk is ${sk} and must be ${expected}`, where)
  return { kind, model, id, h: sk.slice(0, 16), sk }
}

const revisionKeyOf = (item: Item, id: string, where: RecordWhere): string => {
  const revision = item['revision_id']?.S
  if (revision === undefined) throw new RecordInvalidError('revision_id is not a text', where)
  const schema = item['schema_version']
  if (schema !== undefined && schema.S === undefined && schema.NULL === undefined)
    throw new RecordInvalidError('schema_version is not a text', where)
  return keyOf(where, () => revisionSortKey(id, revision, schema?.S))
}

/** The store refuses ids that it would not take: here they are the record's fault. */
const keyOf = (where: RecordWhere, make: () => string): string => {
  try {
    return make()
  } catch (error) {
    throw new RecordInvalidError(errorMessage(error), where)
  }
}
