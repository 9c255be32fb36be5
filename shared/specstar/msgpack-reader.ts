import { isUtf8 } from 'node:buffer'
import { decodeTimestamp, TIMESTAMP_TYPE } from './timestamp.ts'

/** Deeper values than Python itself reads are refused before the call stack is in danger. */
const MAX_LEVELS = 500

/**
 * Reads msgpack so that nothing is lost: integers are `bigint` and floats `number` (`1.0` is not `1`), maps are `Map`s in
 * the order of their bytes, instants are `Timestamp`s. The packages do not tell a whole float from an integer, which
 * SpecStar's text filters do. Every method throws `RangeError` for what is malformed.
 */
export class MsgpackReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  /** Where the next value begins. */
  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** A value of any type; binary ones are views of the bytes. */
  value(level = 0): unknown {
    if (level > MAX_LEVELS) throw new RangeError(`more than ${MAX_LEVELS} levels`)
    const type = this.#byte()
    if (type <= 0x7f) return BigInt(type)
    if (type >= 0xe0) return BigInt(type - 0x100)
    if (type <= 0x8f) return this.#map(type & 0x0f, level)
    if (type <= 0x9f) return this.#list(type & 0x0f, level)
    if (type <= 0xbf) return this.#text(type & 0x1f)
    return this.#typed(type, level)
  }

  /** The number of members of a map that begins here. */
  mapSize(): number {
    const type = this.#byte()
    if (type >= 0x80 && type <= 0x8f) return type & 0x0f
    if (type === 0xde) return this.#uint(2)
    if (type === 0xdf) return this.#uint(4)
    throw new RangeError('it is not a map')
  }

  /** The length of binary content, whose header is read; undefined (and nothing read) where something else stands here. */
  binLength(): number | undefined {
    const type = this.#bytes[this.#at]
    if (type !== 0xc4 && type !== 0xc5 && type !== 0xc6) return undefined
    this.#at += 1
    return this.#uint(type === 0xc4 ? 1 : type === 0xc5 ? 2 : 4)
  }

  /** The next `length` bytes, a view. */
  take(length: number): Buffer {
    if (length > this.left) throw new RangeError('it ends inside a value')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #typed(type: number, level: number): unknown {
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
        return this.take(this.#uint(1 << (type - 0xc4)))
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#uint(1 << (type - 0xc7)))
      case 0xca:
        return this.take(4).readFloatBE(0)
      case 0xcb:
        return this.take(8).readDoubleBE(0)
      case 0xcc:
      case 0xcd:
      case 0xce:
        return BigInt(this.#uint(1 << (type - 0xcc)))
      case 0xcf:
        return this.take(8).readBigUInt64BE(0)
      case 0xd0:
        return BigInt(this.take(1).readInt8(0))
      case 0xd1:
        return BigInt(this.take(2).readInt16BE(0))
      case 0xd2:
        return BigInt(this.take(4).readInt32BE(0))
      case 0xd3:
        return this.take(8).readBigInt64BE(0)
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (type - 0xd4))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#uint(1 << (type - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.#list(this.#uint(type === 0xdc ? 2 : 4), level)
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(type === 0xde ? 2 : 4), level)
      default:
        throw new RangeError(`there is no msgpack type ${type.toString(16)}`)
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new RangeError('it ends inside a value')
    this.#at += 1
    return byte
  }

  #uint(bytes: number): number {
    return this.take(bytes).readUIntBE(0, bytes)
  }

  #text(length: number): string {
    const bytes = this.take(length)
    if (!isUtf8(bytes)) throw new RangeError('a text that is not UTF-8')
    return bytes.toString()
  }

  #list(length: number, level: number): unknown[] {
    // A member takes a byte at least: a lie about the length costs no memory.
    if (length > this.left) throw new RangeError('it ends inside a list')
    return Array.from({ length }, () => this.value(level + 1))
  }

  #map(length: number, level: number): Map<string, unknown> {
    const map = new Map<string, unknown>()
    for (let k = 0; k < length; k++) {
      const key = this.value(level + 1)
      if (typeof key !== 'string') throw new RangeError('a key that is not a text')
      map.set(key, this.value(level + 1))
    }
    return map
  }

  #extension(length: number): unknown {
    const type = this.take(1).readInt8(0)
    if (type !== TIMESTAMP_TYPE) throw new RangeError(`an extension of type ${type}`)
    return decodeTimestamp(this.take(length))
  }
}

/** One value and nothing after it. Throws `RangeError`. */
export const decodeMsgpack = (bytes: Buffer): unknown => {
  const reader = new MsgpackReader(bytes)
  const value = reader.value()
  if (reader.left > 0) throw new RangeError(`${reader.left} bytes after the value`)
  return value
}
