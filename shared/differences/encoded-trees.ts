import { decodePayload } from '../resources/payload.ts'
import { isValueDeeperThan } from '../values/json-depth.ts'
import { compareValues } from './compare-values.ts'
import { type Opaque, opaqueBytes, opaqueTree, type Tree, treeMap, treeOf } from './value-tree.ts'

/** JSON or msgpack. An `Opaque` is a payload that cannot be compared by its fields. */
export type Encoded = string | Uint8Array | Opaque

/** Values that are nested deeper are not compared by their fields. Archives contain no such payloads. */
const MAX_LEVELS = 1_000

/**
 * Decodes two values, and returns their trees. If a value cannot be decoded, or if both values are equal but their
 * bytes differ, for example because of white space, the trees contain only type, size and hash. An undefined value has
 * no tree.
 */
export const encodedTrees = (
  old: Encoded | undefined,
  next: Encoded | undefined,
): readonly [old: Tree | undefined, next: Tree | undefined] => {
  const [oldTree, newTree] = [treeOfEncoded(old), treeOfEncoded(next)]
  return isBytes(old) &&
    isBytes(next) &&
    oldTree !== undefined &&
    newTree !== undefined &&
    !bufferOf(old).equals(bufferOf(next)) &&
    isSameTree(oldTree, newTree)
    ? [encoding(old), encoding(next)]
    : [oldTree, newTree]
}

const treeOfEncoded = (value: Encoded | undefined): Tree | undefined => {
  if (value === undefined) return undefined
  if (!isBytes(value)) return opaqueTree(value)
  const decoded = decodePayload(value)
  return decoded === undefined || isValueDeeperThan(decoded, MAX_LEVELS)
    ? opaqueTree(opaqueBytes('undecodable', value))
    : treeOf(decoded)
}

const isSameTree = (old: Tree, next: Tree): boolean => compareValues(wrap(old), wrap(next)).length === 0

const wrap = (tree: Tree): ReturnType<typeof treeMap> => treeMap([['value', tree]], (value) => value)

const encoding = (value: string | Uint8Array): Tree => opaqueTree(opaqueBytes('encoding', value))

const isBytes = (value: Encoded | undefined): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array

/** Returns the bytes of a value. A string is encoded in UTF-8. */
const bufferOf = (value: string | Uint8Array): Buffer =>
  typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
