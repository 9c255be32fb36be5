import { encodeTimestamp, Timestamp } from './timestamp.ts'

/**
 * Encodes a value as SpecStar does. Integers and lengths have their shortest form, and floats always have 64 bits.
 * Throws `TypeError` for a value that msgpack cannot contain.
 */
export const encodeMsgpack = (value: unknown): Buffer => {
  const pieces: Buffer[] = []
  write(pieces, value)
  return Buffer.concat(pieces)
}

const write = (pieces: Buffer[], value: unknown): void => {
  if (value === null) pieces.push(Buffer.from([0xc0]))
  else if (typeof value === 'boolean') pieces.push(Buffer.from([value ? 0xc3 : 0xc2]))
  else if (typeof value === 'bigint') pieces.push(encodeInteger(value))
  else if (typeof value === 'number') pieces.push(encodeFloat(value))
  else if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    pieces.push(textHeader(bytes.length), bytes)
  } else if (value instanceof Timestamp) pieces.push(encodeTimestamp(value))
  else if (value instanceof Uint8Array)
    pieces.push(binaryHeader(value.length), Buffer.from(value.buffer, value.byteOffset, value.byteLength))
  else if (Array.isArray(value)) {
    pieces.push(listHeader(value.length))
    for (const member of value) write(pieces, member)
  } else if (value instanceof Map) {
    pieces.push(mapHeader(value.size))
    for (const [key, member] of value) {
      write(pieces, key)
      write(pieces, member)
    }
  } else throw new TypeError(`a value of type ${typeof value} cannot be encoded as msgpack`)
}

const encodeFloat = (value: number): Buffer => {
  const bytes = Buffer.alloc(9)
  bytes[0] = 0xcb
  bytes.writeDoubleBE(value, 1)
  return bytes
}

const encodeInteger = (value: bigint): Buffer => {
  if (value >= 0n) return encodeUnsigned(value)
  if (value >= -32n) return Buffer.from([0x100 + Number(value)])
  if (value >= -0x80n) return Buffer.from([0xd0, 0x100 + Number(value)])
  const bytes = Buffer.alloc(9)
  if (value >= -0x8000n) {
    bytes.writeInt16BE(Number(value), 1)
    return withType(bytes, 0xd1, 2)
  }
  if (value >= -0x8000_0000n) {
    bytes.writeInt32BE(Number(value), 1)
    return withType(bytes, 0xd2, 4)
  }
  bytes.writeBigInt64BE(value, 1)
  return withType(bytes, 0xd3, 8)
}

const encodeUnsigned = (value: bigint): Buffer => {
  if (value < 0x80n) return Buffer.from([Number(value)])
  if (value <= 0xffff_ffffn) return encodeSized(Number(value), { one: 0xcc, two: 0xcd, four: 0xce })
  const bytes = Buffer.alloc(9)
  bytes.writeBigUInt64BE(value, 1)
  return withType(bytes, 0xcf, 8)
}

/** Writes the type into the first byte of a buffer. Returns a view of this byte and the `size` bytes after it. */
const withType = (bytes: Buffer, type: number, size: number): Buffer => {
  bytes[0] = type
  return bytes.subarray(0, 1 + size)
}

/**
 * The type bytes for numbers or lengths of 1, 2 and 4 bytes. `one` is absent for lists and maps, whose lengths have at
 * least 2 bytes.
 */
interface SizedTypes {
  readonly one?: number
  readonly two: number
  readonly four: number
}

/** Encodes a number or length in its shortest form, with its type byte in front. */
const encodeSized = (value: number, { one, two, four }: SizedTypes): Buffer => {
  if (one !== undefined && value <= 0xff) return Buffer.from([one, value])
  if (value <= 0xffff) return Buffer.from([two, value >> 8, value & 0xff])
  const bytes = Buffer.from([four, 0, 0, 0, 0])
  bytes.writeUInt32BE(value, 1)
  return bytes
}

const textHeader = (length: number): Buffer =>
  length < 32 ? Buffer.from([0xa0 | length]) : encodeSized(length, { one: 0xd9, two: 0xda, four: 0xdb })

/** Encodes the header that precedes `length` bytes of binary content. */
export const binaryHeader = (length: number): Buffer => encodeSized(length, { one: 0xc4, two: 0xc5, four: 0xc6 })

const listHeader = (length: number): Buffer =>
  length < 16 ? Buffer.from([0x90 | length]) : encodeSized(length, { two: 0xdc, four: 0xdd })

/** Encodes the header that precedes the members of a map. `size` is the number of members. */
export const mapHeader = (size: number): Buffer =>
  size < 16 ? Buffer.from([0x80 | size]) : encodeSized(size, { two: 0xde, four: 0xdf })
