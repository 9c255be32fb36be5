import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../tables/item.ts'
import { toBase64 } from '../values/base64.ts'
import { must } from '../values/must.ts'
import { plainNumber } from '../values/number-text.ts'
import { compareBytes } from '../values/text-order.ts'

/**
 * The attributes that are not part of a digest. A restore derives the keys and some other attributes again. The payload
 * need not be part of the digest, because the digest contains `data_sha256`.
 */
const NOT_IN_DIGEST = new Set(['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled'])

/** Returns true if an attribute is part of the digest of its item. */
export const isInDigest = (name: string): boolean => !NOT_IN_DIGEST.has(name)

/**
 * The attributes of an item that are part of the digest, sorted by name. `prefix` is the JSON of the name and a colon.
 */
type Shape = readonly (readonly [name: string, prefix: string])[]

/**
 * Caches the shape of each combination of attribute names. The items of a model have few combinations. Without the
 * cache, half of the time would be spent on sorting names.
 */
const shapes = new Map<string, Shape>()
/** The number of cached shapes. Models have far fewer shapes. The limit keeps the cache smaller than a few MB. */
const MAX_SHAPES = 1_000
/**
 * The shapes that were last added, which are compared first. Comparing the names of an item takes less time than
 * computing the key of the cache. A verification uses four shapes in turn: of metadata and revisions, each in the
 * archive and in the store.
 */
const recent: { readonly names: readonly string[]; readonly shape: Shape }[] = []
const MAX_RECENT = 4

/**
 * Returns the string from which the digest of an item is computed. It is canonical DynamoDB JSON without the keys, the
 * derived attributes and the payload. `FORMAT.md` defines this string.
 */
export const canonicalJson = (item: Item): string => {
  let json = '{'
  for (const [name, prefix] of shapeOf(Object.keys(item))) {
    const value = must(item[name])
    json += json.length === 1 ? prefix : `,${prefix}`
    // A fast path, because most values are strings.
    json += value.S === undefined ? encodeValue(value) : `{"S":${JSON.stringify(value.S)}}`
  }
  return `${json}}`
}

const shapeOf = (names: readonly string[]): Shape => {
  for (const each of recent) if (hasSameElements(each.names, names)) return each.shape
  const shape = cachedShapeOf(names)
  recent.unshift({ names, shape })
  recent.length = Math.min(recent.length, MAX_RECENT)
  return shape
}

const hasSameElements = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((element, k) => element === b[k])

const cachedShapeOf = (names: readonly string[]): Shape => {
  const key = JSON.stringify(names)
  const cached = shapes.get(key)
  if (cached !== undefined) return cached
  const shape = names
    .filter(isInDigest)
    .sort(compareBytes)
    .map((name) => [name, `${JSON.stringify(name)}:`] as const)
  if (shapes.size >= MAX_SHAPES) shapes.clear()
  shapes.set(key, shape)
  return shape
}

const encodeValue = (value: AttributeValue): string => {
  if (value.S !== undefined) return `{"S":${JSON.stringify(value.S)}}`
  if (value.N !== undefined) return `{"N":"${plainNumber(value.N)}"}`
  if (value.BOOL !== undefined) return value.BOOL ? '{"BOOL":true}' : '{"BOOL":false}'
  if (value.NULL !== undefined) return '{"NULL":true}'
  if (value.M !== undefined) return `{"M":${encodeMap(value.M)}}`
  if (value.L !== undefined) return `{"L":[${value.L.map(encodeValue).join(',')}]}`
  if (value.B !== undefined) return `{"B":"${toBase64(value.B)}"}`
  if (value.SS !== undefined) return `{"SS":${JSON.stringify([...value.SS].sort(compareBytes))}}`
  if (value.NS !== undefined) return `{"NS":${JSON.stringify(value.NS.map(plainNumber).sort())}}`
  if (value.BS !== undefined)
    return `{"BS":${JSON.stringify([...value.BS].sort((a, b) => Buffer.compare(a, b)).map(toBase64))}}`
  throw new TypeError('an attribute value has no type')
}

const encodeMap = (map: Item): string => {
  const members = Object.entries(map)
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([name, value]) => `${JSON.stringify(name)}:${encodeValue(value)}`)
  return `{${members.join(',')}}`
}
