import * as z from 'zod'
import { isTimestamp, jsonOf, OPAQUE_TYPES, opaqueIn, type Tree } from './value-tree.ts'

/** The largest size of the JSON text of a value in an answer, in bytes. */
const MAX_VALUE_BYTES = 1024

const TextValue = z
  .object({
    /**
     * The value as JSON. Integers keep all digits, and floats keep their fraction. If the JSON is longer than 1 KiB,
     * only its beginning.
     */
    json: z.string(),
    /** The size of the whole JSON in bytes. Present only if `json` is cut. */
    size: z.exactOptional(z.int()),
    /** Present for a timestamp of msgpack. `json` is then a string in ISO 8601. */
    type: z.exactOptional(z.literal('timestamp')),
  })
  .readonly()

const OpaqueValue = z
  .object({
    /**
     * - `binary`: bytes in an attribute or in a msgpack payload.
     * - `encoding`: JSON or msgpack. The two values are equal, but their bytes differ.
     * - `undecodable`: a payload that is neither JSON nor msgpack, or that is nested more than 1,000 levels deep.
     * - `damaged`: a payload that does not have the SHA-256 that its revision states.
     * - `large`: a payload that is too large to be compared by its fields.
     */
    type: z.enum(OPAQUE_TYPES),
    /** In bytes. */
    size: z.int(),
    sha256: z.string(),
  })
  .readonly()

/** A value of a field in an answer: its JSON, or its type, size and hash. */
export const FieldValue = z.union([TextValue, OpaqueValue])
export type FieldValue = z.output<typeof FieldValue>

/** Returns a value for an answer. Cuts its JSON after 1 KiB. */
export const fieldValue = (tree: Tree): FieldValue => {
  const opaque = opaqueIn(tree)
  if (opaque !== undefined) return opaque
  const json = jsonOf(tree)
  const type = isTimestamp(tree) ? { type: 'timestamp' as const } : {}
  const size = Buffer.byteLength(json)
  return size <= MAX_VALUE_BYTES ? { json, ...type } : { json: firstBytes(json), size, ...type }
}

/** Returns the first `MAX_VALUE_BYTES` bytes of a text, without the part of a character at their end. */
const firstBytes = (text: string): string => {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_VALUE_BYTES))
  return text.slice(0, read)
}
