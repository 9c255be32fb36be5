import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { hash } from 'node:crypto'
import { isMap, PayloadInstant } from '../resources/payload.ts'
import type { Item } from '../tables/item.ts'
import { floatText } from '../values/float-text.ts'
import { plainNumber } from '../values/number-text.ts'
import { compareBytes } from '../values/text-order.ts'

/**
 * A value in a form in which values of all sources can be compared: maps have no prototype, so that no key such as
 * `__proto__` or `constructor` is special, and every other value is its exact JSON text. A value that JSON cannot
 * express is a text that begins with `@`, as no JSON does.
 */
export type Tree = string | readonly Tree[] | TreeMap
export interface TreeMap {
  readonly [key: string]: Tree
}

export const OPAQUE_TYPES = ['binary', 'encoding', 'undecodable', 'damaged', 'large'] as const

/** A value that is shown only by its type, size and hash. `OpaqueValue` describes the types. */
export interface Opaque {
  readonly type: (typeof OPAQUE_TYPES)[number]
  /** In bytes. */
  readonly size: number
  readonly sha256: string
}

/** Returns a decoded payload or another decoded value (`decodePayload`) as a tree. The caller limits its depth. */
export const treeOf = (value: unknown): Tree => {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? floatText(value) : `${FLOAT}${value}`
  if (value instanceof PayloadInstant) return `${TIMESTAMP}${JSON.stringify(value.text)}`
  if (value instanceof Uint8Array) return opaqueTree(opaqueBytes('binary', value))
  if (Array.isArray(value)) return value.map(treeOf)
  return isMap(value) ? treeMap(Object.entries(value), treeOf) : JSON.stringify(value ?? null)
}

/** Returns an attribute of a DynamoDB item as a tree. Sets are sorted, because they have no order. */
const attributeTree = (value: AttributeValue): Tree => {
  if (value.S !== undefined) return JSON.stringify(value.S)
  if (value.N !== undefined) return plainNumber(value.N)
  if (value.BOOL !== undefined) return JSON.stringify(value.BOOL)
  if (value.B !== undefined) return opaqueTree(opaqueBytes('binary', value.B))
  if (value.M !== undefined) return treeMap(Object.entries(value.M), attributeTree)
  if (value.L !== undefined) return value.L.map(attributeTree)
  if (value.SS !== undefined)
    return set(
      'string_set',
      value.SS.toSorted(compareBytes).map((text) => JSON.stringify(text)),
    )
  if (value.NS !== undefined) return set('number_set', value.NS.map(plainNumber).toSorted())
  if (value.BS !== undefined)
    return set(
      'binary_set',
      value.BS.toSorted((a, b) => Buffer.compare(a, b)).map((bytes) => opaqueTree(opaqueBytes('binary', bytes))),
    )
  return 'null'
}

/** Returns the attributes of an item for which `isCompared` returns true. */
export const itemTree = (item: Item, isCompared: (name: string) => boolean): TreeMap =>
  treeMap(
    Object.entries(item).filter(([name]) => isCompared(name)),
    attributeTree,
  )

export const opaqueBytes = (type: Opaque['type'], bytes: Uint8Array | string): Opaque => ({
  type,
  size: Buffer.byteLength(bytes),
  sha256: hash('sha256', bytes),
})

export const opaqueTree = ({ type, size, sha256 }: Opaque): string => `@${type}:${size}:${sha256}`

/** Returns the value that is shown by its type, size and hash, or undefined if the tree is another value. */
export const opaqueIn = (tree: Tree): Opaque | undefined => {
  const match = typeof tree === 'string' ? OPAQUE.exec(tree) : null
  if (match === null) return undefined
  const [, type, size, sha256 = ''] = match
  const known = OPAQUE_TYPES.find((one) => one === type)
  return known === undefined ? undefined : { type: known, size: Number(size), sha256 }
}

export const isTimestamp = (tree: Tree): boolean => typeof tree === 'string' && tree.startsWith(TIMESTAMP)

/**
 * Returns a tree as JSON. Values that JSON cannot express are strings, such as `"NaN"` or the time of a timestamp, or
 * objects with their type, size and hash.
 */
export const jsonOf = (tree: Tree): string => {
  if (typeof tree === 'string') return jsonOfLeaf(tree)
  if (Array.isArray(tree)) return `[${tree.map(jsonOf).join(',')}]`
  const members = Object.entries(tree).map(([key, member]) => `${JSON.stringify(key)}:${jsonOf(member)}`)
  return `{${members.join(',')}}`
}

const TIMESTAMP = '@timestamp:'
const FLOAT = '@float:'
const OPAQUE = /^@([a-z]+):(\d+):([0-9a-f]*)$/

const jsonOfLeaf = (leaf: string): string => {
  if (!leaf.startsWith('@')) return leaf
  if (leaf.startsWith(TIMESTAMP)) return leaf.slice(TIMESTAMP.length)
  if (leaf.startsWith(FLOAT)) return JSON.stringify(leaf.slice(FLOAT.length))
  return JSON.stringify(opaqueIn(leaf))
}

const set = (name: string, elements: readonly Tree[]): TreeMap => treeMap([[name, elements]], (tree) => tree)

/** Creates a map without a prototype. */
export const treeMap = <Value>(
  entries: readonly (readonly [string, Value])[],
  convert: (value: Value) => Tree,
): TreeMap => {
  const map: Record<string, Tree> = Object.create(null) as Record<string, Tree>
  for (const [key, value] of entries) map[key] = convert(value)
  return map
}
