import { isUtf8 } from 'node:buffer'
import { decodeTimestamp, TIMESTAMP_TYPE } from './timestamp.ts'

/**
 * The largest number of nesting levels of a value. The msgpack reader of Python accepts fewer levels. Recursion to this
 * depth does not overflow the call stack.
 */
const MAX_LEVELS = 500

const INCOMPLETE = 'the bytes end inside a msgpack value'

/**
 * Reads msgpack values without loss. Integers become `bigint`, and floats become `number`. Maps become `Map` and keep
 * their order. Times become `Timestamp`. This reader is used instead of an npm package, because no package
 * distinguishes the float `1.0` from the integer `1`, as SpecStar's text filters do. All methods throw `RangeError` for
 * malformed bytes.
 */
export class MsgpackReader {
  readonly #bytes: Buffer
  #offset: number

  constructor(bytes: Buffer, offset = 0) {
    this.#bytes = bytes
    this.#offset = offset
  }

  /** The offset of the next value. */
  get offset(): number {
    return this.#offset
  }

  /** The number of bytes that have not been read. */
  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** Reads a value of any type. Binary values are views of the bytes. `level` is the nesting level of the value. */
  readValue(level = 0): unknown {
    if (level > MAX_LEVELS) throw new RangeError(`msgpack values may nest at most ${MAX_LEVELS} levels`)
    const type = this.#readByte()
    if (type <= 0x7f) return BigInt(type)
    if (type >= 0xe0) return BigInt(type - 0x100)
    if (type <= 0x8f) return this.#readMap(type & 0x0f, level)
    if (type <= 0x9f) return this.#readList(type & 0x0f, level)
    if (type <= 0xbf) return this.#readText(type & 0x1f)
    return this.#readTyped(type, level)
  }

  /** Reads the header of a map. Returns the number of its members, which follow the header. */
  readMapHeader(): number {
    const type = this.#readByte()
    if (type >= 0x80 && type <= 0x8f) return type & 0x0f
    if (type === 0xde) return this.#readUint(2)
    if (type === 0xdf) return this.#readUint(4)
    throw new RangeError(`a msgpack map is expected, but byte 0x${type.toString(16)} does not begin a map`)
  }

  /**
   * Reads the header of a binary value. Returns the length of the value in bytes. If the next value is not binary,
   * reads nothing and returns undefined.
   */
  readBinaryHeader(): number | undefined {
    const type = this.#bytes[this.#offset]
    if (type !== 0xc4 && type !== 0xc5 && type !== 0xc6) return undefined
    this.#offset += 1
    return this.#readUint(type === 0xc4 ? 1 : type === 0xc5 ? 2 : 4)
  }

  /** Returns the next `length` bytes as a view. */
  readBytes(length: number): Buffer {
    if (length > this.remaining) throw new RangeError(INCOMPLETE)
    this.#offset += length
    return this.#bytes.subarray(this.#offset - length, this.#offset)
  }

  #readTyped(type: number, level: number): unknown {
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.readBytes(this.#readUint(1 << (type - 0xc4)))
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#readExtension(this.#readUint(1 << (type - 0xc7)))
      case 0xca:
        return this.readBytes(4).readFloatBE(0)
      case 0xcb:
        return this.readBytes(8).readDoubleBE(0)
      case 0xcc:
      case 0xcd:
      case 0xce:
        return BigInt(this.#readUint(1 << (type - 0xcc)))
      case 0xcf:
        return this.readBytes(8).readBigUInt64BE(0)
      case 0xd0:
        return BigInt(this.readBytes(1).readInt8(0))
      case 0xd1:
        return BigInt(this.readBytes(2).readInt16BE(0))
      case 0xd2:
        return BigInt(this.readBytes(4).readInt32BE(0))
      case 0xd3:
        return this.readBytes(8).readBigInt64BE(0)
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#readExtension(1 << (type - 0xd4))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#readText(this.#readUint(1 << (type - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.#readList(this.#readUint(type === 0xdc ? 2 : 4), level)
      case 0xde:
      case 0xdf:
        return this.#readMap(this.#readUint(type === 0xde ? 2 : 4), level)
      default:
        throw new RangeError(`byte 0x${type.toString(16)} does not begin a msgpack value`)
    }
  }

  #readByte(): number {
    const byte = this.#bytes[this.#offset]
    if (byte === undefined) throw new RangeError(INCOMPLETE)
    this.#offset += 1
    return byte
  }

  #readUint(bytes: number): number {
    return this.readBytes(bytes).readUIntBE(0, bytes)
  }

  #readText(length: number): string {
    const bytes = this.readBytes(length)
    if (!isUtf8(bytes)) throw new RangeError('a msgpack string is not valid UTF-8')
    return bytes.toString()
  }

  #readList(length: number, level: number): unknown[] {
    // Every member has at least one byte, so a longer list is malformed. Without this check, a wrong length could
    // allocate a list of 4 billion members.
    if (length > this.remaining) throw new RangeError(INCOMPLETE)
    return Array.from({ length }, () => this.readValue(level + 1))
  }

  #readMap(size: number, level: number): Map<string, unknown> {
    const map = new Map<string, unknown>()
    for (let k = 0; k < size; k++) {
      const key = this.readValue(level + 1)
      if (typeof key !== 'string')
        throw new RangeError(`a key of a msgpack map must be a string, not ${key === null ? 'nil' : typeof key}`)
      map.set(key, this.readValue(level + 1))
    }
    return map
  }

  #readExtension(length: number): unknown {
    const type = this.readBytes(1).readInt8(0)
    if (type !== TIMESTAMP_TYPE)
      throw new RangeError(`msgpack extension ${type} is not supported; only timestamps (${TIMESTAMP_TYPE}) are`)
    return decodeTimestamp(this.readBytes(length))
  }
}

/** Decodes exactly one value. Throws `RangeError` if the bytes are malformed or if bytes follow the value. */
export const decodeMsgpack = (bytes: Buffer): unknown => {
  const reader = new MsgpackReader(bytes)
  const value = reader.readValue()
  if (reader.remaining > 0) throw new RangeError(`${reader.remaining} unexpected bytes follow the msgpack value`)
  return value
}
