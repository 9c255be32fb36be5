import * as z from 'zod'
import type { ResourceMeta, RevisionInfo } from '../resources/attributes.ts'
import type { Item } from '../tables/item.ts'
import { errorMessage } from '../values/error-message.ts'
import { instantOf } from '../values/instant.ts'
import { plainNumber } from '../values/number-text.ts'
import { orderedJsonText, parseOrderedJson } from '../values/ordered-json.ts'
import { schemaMessage } from '../values/schema-messages.ts'
import { isUuid } from '../values/uuid.ts'
import { firstIssue } from '../archive/read-manifest.ts'
import { decodeMsgpack } from './msgpack-reader.ts'
import { encodeMsgpack } from './msgpack-writer.ts'
import { streamTime, Timestamp } from './timestamp.ts'

/**
 * Encodes and decodes the `data` of MetaRecords and RevisionRecords. STREAM.md describes their fields. For an invalid
 * field, these functions throw `RangeError`, whose message begins with the name of the field.
 */

const text = z.string()
const nullableText = z.string().nullable()
const status = z.enum(['draft', 'stable'])
const count = z.bigint().nonnegative()
const time = z.union([
  z.instanceof(Timestamp).transform((timestamp) => timestamp.text),
  z.string().refine((value) => instantOf(value) !== undefined, 'must be a time in ISO 8601'),
])
const indexed = z.instanceof(Map).transform((map, context): string => {
  try {
    return orderedJsonText(map)
  } catch (error) {
    context.addIssue(errorMessage(error))
    return z.NEVER
  }
})

const Metadata = z.object({
  current_revision_id: text,
  resource_id: text,
  schema_version: nullableText.default(null),
  total_revision_count: count,
  created_time: time,
  updated_time: time,
  created_by: text,
  updated_by: text,
  is_deleted: z.boolean().default(false),
  indexed_data: z.exactOptional(indexed),
  rev_status: z.exactOptional(status),
  rev_created_by: z.exactOptional(text),
  rev_updated_by: z.exactOptional(text),
  rev_created_time: z.exactOptional(time),
  rev_updated_time: z.exactOptional(time),
})

const Info = z.object({
  uid: z.string().refine(isUuid, 'must be a UUID'),
  resource_id: text,
  revision_id: text,
  parent_revision_id: nullableText.default(null),
  parent_schema_version: z.exactOptional(nullableText),
  schema_version: nullableText.default(null),
  data_hash: z.exactOptional(text),
  status,
  created_time: time,
  updated_time: time,
  created_by: text,
  updated_by: text,
})

const Revision = z.object({ info: z.instanceof(Map), raw_data: z.instanceof(Buffer) })

/** The metadata of a resource. `indexed_data` is a JSON string. */
type StreamMetadata = ResourceMeta & { readonly indexed_data?: string }

/** Decodes the `data` of a MetaRecord. `unknownKeys` are keys that SpecStar does not define and ignores. */
export const decodeMetadata = (
  data: Buffer,
): { readonly metadata: StreamMetadata; readonly unknownKeys: readonly string[] } => {
  const map = decodeMap(data)
  return { metadata: parseFields(Metadata, map), unknownKeys: unknownKeysOf(Metadata, map) }
}

/**
 * Decodes the `data` of a RevisionRecord. The payload is a view of `data`. `unknownKeys` are keys that SpecStar does
 * not define and ignores.
 */
export const decodeRevision = (
  data: Buffer,
): { readonly info: RevisionInfo; readonly payload: Buffer; readonly unknownKeys: readonly string[] } => {
  const { info, raw_data } = parseFields(Revision, decodeMap(data))
  return { info: parseFields(Info, info), payload: raw_data, unknownKeys: unknownKeysOf(Info, info) }
}

/**
 * Returns the resource id in the `data` of a MetaRecord or RevisionRecord, even if other fields are invalid. Returns
 * undefined if the data cannot be decoded, or contains no resource id.
 */
export const statedResourceId = (data: Buffer): string | undefined => {
  let map: unknown
  try {
    map = decodeMsgpack(data)
  } catch {
    return undefined
  }
  if (!(map instanceof Map)) return undefined
  const info: unknown = map.get('info')
  const id: unknown = info instanceof Map ? info.get('resource_id') : map.get('resource_id')
  return typeof id === 'string' ? id : undefined
}

const decodeMap = (data: Buffer): Map<unknown, unknown> => {
  const value = decodeMsgpack(data)
  if (!(value instanceof Map)) throw new RangeError(`the data must be a msgpack map, not ${describeType(value)}`)
  return value
}

/** Returns the msgpack type of a value that `MsgpackReader` returned, with its article. */
const describeType = (value: unknown): string => {
  if (value === null) return 'nil'
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Uint8Array) return 'a binary value'
  if (value instanceof Timestamp) return 'a timestamp'
  if (typeof value === 'bigint') return 'an integer'
  return `a ${typeof value === 'number' ? 'float' : typeof value}`
}

const unknownKeysOf = (schema: typeof Metadata | typeof Info, map: ReadonlyMap<unknown, unknown>): string[] =>
  [...map.keys()].map(String).filter((key) => !Object.hasOwn(schema.shape, key))

/** Returns the fields of a map that the schema defines. Throws `RangeError` for the first field that is invalid. */
const parseFields = <Schema extends z.ZodType>(
  schema: Schema,
  map: ReadonlyMap<unknown, unknown>,
): z.output<Schema> => {
  const { data, error } = schema.safeParse(Object.fromEntries(map), { error: schemaMessage })
  if (error === undefined) return data
  throw new RangeError(firstIssue(error))
}

/**
 * Encodes a metadata item as the `data` of a MetaRecord. Throws `RangeError` for a value that SpecStar does not accept.
 */
export const encodeMetadata = (item: Item): Buffer => encodeMsgpack(fieldsOf(Metadata, item))

/**
 * Encodes a revision item and its payload as the `data` of a RevisionRecord. Throws `RangeError` for a value that
 * SpecStar does not accept.
 */
export const encodeRevision = (item: Item, payload: Uint8Array): Buffer =>
  encodeMsgpack(
    new Map<string, unknown>([
      ['info', fieldsOf(Info, item)],
      ['raw_data', payload],
    ]),
  )

/**
 * Attributes of items that records do not contain as fields, because a store derives them or because they belong to the
 * payload.
 */
const NOT_FIELDS = [
  'pk',
  'sk',
  'created_at',
  'updated_at',
  'applied_by',
  'data',
  'data_spilled',
  'data_sha256',
  'data_size',
]

/** Returns the names of those attributes of an item that a stream cannot contain. */
export const unsupportedAttributes = (kind: 'metadata' | 'revision', item: Item): string[] => {
  const fields = kind === 'metadata' ? Metadata.shape : Info.shape
  return Object.keys(item).filter((name) => !Object.hasOwn(fields, name) && !NOT_FIELDS.includes(name))
}

/**
 * Returns the fields of an item in the order in which SpecStar writes them. Throws `RangeError` for an invalid field.
 */
const fieldsOf = (schema: typeof Metadata | typeof Info, item: Item): Map<string, unknown> => {
  const fields = new Map<string, unknown>()
  for (const [name, type] of Object.entries<z.ZodType>(schema.shape)) {
    const attribute = item[name]
    // If the attribute is absent, the schema returns the default of the field, or undefined if the field has no
    // default.
    const value = attribute === undefined ? type.safeParse(undefined).data : fieldValue(name, attribute)
    if (value !== undefined) fields.set(name, value)
  }
  validateFields(schema, fields)
  return fields
}

/**
 * Throws `RangeError` for the first invalid field. The result of `parseFields` is not used, because it converts some
 * fields to the form of the store.
 */
const validateFields = (schema: typeof Metadata | typeof Info, fields: ReadonlyMap<string, unknown>): void => {
  parseFields(schema, fields)
}

/** Returns the value that a stream contains for an attribute. Throws `RangeError` with the name of the field. */
const fieldValue = (name: string, attribute: Item[string]): unknown => {
  try {
    return streamValue(name, attribute)
  } catch (error) {
    throw new RangeError(`${name}: ${errorMessage(error)}`, { cause: error })
  }
}

const streamValue = (name: string, attribute: Item[string]): unknown => {
  const { S, N, BOOL, NULL } = attribute
  if (NULL === true) return null
  if (BOOL !== undefined) return BOOL
  if (N !== undefined) return integerOf(N)
  if (S === undefined) {
    const found = NULL === undefined ? Object.keys(attribute).join(', ') : `NULL with the value ${NULL}`
    throw new RangeError(`must be a DynamoDB attribute of type S, N, BOOL or NULL (true), not ${found}`)
  }
  if (name === 'indexed_data') return parseOrderedJson(S)
  return name.endsWith('_time') ? streamTime(S) : S
}

const integerOf = (text: string): bigint => {
  const plain = plainNumber(text)
  if (plain.includes('.')) throw new RangeError('must be a whole number')
  return BigInt(plain)
}
