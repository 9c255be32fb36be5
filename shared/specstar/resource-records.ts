import { z } from 'zod'
import { errorMessage } from '../values/error-message.ts'
import { must } from '../values/must.ts'
import { plainNumber } from '../values/number-text.ts'
import type { ResourceMeta, RevisionInfo } from '../resources/attributes.ts'
import { instantOf } from '../values/instant.ts'
import type { Item } from '../tables/item.ts'
import { decodeMsgpack } from './msgpack-reader.ts'
import { encodeMsgpack } from './msgpack-writer.ts'
import { orderedJsonText, parseOrderedJson } from '../values/ordered-json.ts'
import { streamTime, Timestamp } from './timestamp.ts'

/**
 * Metadata and revisions as a stream has them, inside the `data` of their records. What decodes throws `RangeError` naming the
 * field; keys that SpecStar does not know are passed over, as SpecStar does, and named as `unknown`.
 */

const text = z.string()
const nullableText = z.string().nullable()
const status = z.enum(['draft', 'stable'])
const count = z.bigint().nonnegative()
const time = z.union([
  z.instanceof(Timestamp).transform((timestamp) => timestamp.text),
  z.string().refine((value) => instantOf(value) !== undefined, 'is not a time'),
])
const indexed = z.instanceof(Map).transform((map, context): string => {
  try {
    return orderedJsonText(map)
  } catch (error) {
    context.addIssue(errorMessage(error))
    return z.NEVER
  }
})
const UUID = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/

const Meta = z.object({
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
  uid: z.string().regex(UUID, 'is not a UUID'),
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

/** Metadata of a stream: indexed data are JSON text. */
type StreamMeta = ResourceMeta & { readonly indexed_data?: string }

/** The `data` of a MetaRecord. */
export const decodeMeta = (data: Buffer): { readonly meta: StreamMeta; readonly unknown: readonly string[] } => {
  const map = mapIn(data)
  return { meta: parsed(Meta, map), unknown: unknownKeys(Meta, map) }
}

/** The `data` of a RevisionRecord; the payload is a view of it. */
export const decodeRevision = (
  data: Buffer,
): { readonly info: RevisionInfo; readonly payload: Buffer; readonly unknown: readonly string[] } => {
  const { info, raw_data } = parsed(Revision, mapIn(data))
  return { info: parsed(Info, info), payload: raw_data, unknown: unknownKeys(Info, info) }
}

const mapIn = (data: Buffer): Map<unknown, unknown> => {
  const value = decodeMsgpack(data)
  if (!(value instanceof Map)) throw new RangeError('it is not a map')
  return value
}

const unknownKeys = (shape: typeof Meta | typeof Info, map: ReadonlyMap<unknown, unknown>): string[] =>
  [...map.keys()].map(String).filter((key) => !Object.hasOwn(shape.shape, key))

const parsed = <Shape extends z.ZodType>(shape: Shape, map: ReadonlyMap<unknown, unknown>): z.output<Shape> => {
  const { data, error } = shape.safeParse(Object.fromEntries(map))
  if (error === undefined) return data
  const { path, message } = must(error.issues[0])
  const [field] = path
  throw new RangeError(`${String(field)}: ${message}`)
}

/** The `data` of a MetaRecord of a stored item. Throws `RangeError` for a value that SpecStar does not take. */
export const encodeMeta = (item: Item): Buffer => encodeMsgpack(fieldsOf(Meta, item))

/** The `data` of a RevisionRecord of a stored item and its payload. Throws `RangeError` likewise. */
export const encodeRevision = (item: Item, payload: Uint8Array): Buffer =>
  encodeMsgpack(
    new Map<string, unknown>([
      ['info', fieldsOf(Info, item)],
      ['raw_data', payload],
    ]),
  )

/** Attributes that are made anew in every store, or that are the payload itself. */
const OWN = ['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled', 'data_sha256', 'data_size']

/** Names of attributes that a stream has no place for. */
export const strangeAttributes = (kind: 'metadata' | 'revision', item: Item): string[] => {
  const known = kind === 'metadata' ? Meta.shape : Info.shape
  return Object.keys(item).filter((name) => !Object.hasOwn(known, name) && !OWN.includes(name))
}

/** In the order in which SpecStar writes them. */
const fieldsOf = (shape: typeof Meta | typeof Info, item: Item): Map<string, unknown> => {
  const fields = new Map<string, unknown>()
  for (const [name, type] of Object.entries<z.ZodType>(shape.shape)) {
    const attribute = item[name]
    const value = attribute === undefined ? type.safeParse(undefined).data : streamValue(name, attribute)
    if (value !== undefined) fields.set(name, value)
  }
  parsed(shape, fields)
  return fields
}

const streamValue = (name: string, { S, N, BOOL, NULL }: Item[string]): unknown => {
  if (NULL === true) return null
  if (BOOL !== undefined) return BOOL
  if (N !== undefined) return integer(name, plainNumber(N))
  if (S === undefined) throw new RangeError(`${name}: is of another type`)
  if (name === 'indexed_data') return parseOrderedJson(S)
  return name.endsWith('_time') ? streamTime(S) : S
}

const integer = (name: string, plain: string): bigint => {
  if (plain.includes('.')) throw new RangeError(`${name}: ${plain} is not a whole number`)
  return BigInt(plain)
}
