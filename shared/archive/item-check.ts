import { itemBytes, MAX_ITEM_BYTES } from '../resources/item-size.ts'
import type { Item } from '../tables/item.ts'
import { isNumberText, plainNumber } from '../values/number-text.ts'
import { RecordInvalidError, type RecordLocation } from './errors.ts'

/** DynamoDB's limits on partition keys, sort keys and the names of attributes, and on the nesting of maps and lists. */
const MAX_PARTITION_KEY_BYTES = 2048
const MAX_SORT_KEY_BYTES = 1024
const MAX_NAME_BYTES = 65_535
const MAX_LEVELS = 32
/** The AWS SDK for JavaScript drops attributes and members of maps with this name from every request and response. */
const PROTO = '__proto__'

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Checks the parsed DynamoDB JSON of `line`, replaces its base64 strings with bytes, and returns it. `parsed` itself is
 * changed. Throws `RecordInvalidError` if DynamoDB would reject the item, for example because a number is out of range,
 * a set is empty, or a key is too long.
 */
export const checkItem = (parsed: unknown, line: Buffer, location: RecordLocation): Item => {
  const check: ItemCheck = new ItemCheck(line, location)
  check.item(parsed)
  return parsed
}

/** Checks the values of one item. Every method throws `RecordInvalidError` for an invalid value. */
class ItemCheck {
  readonly #lineBytes: number
  readonly #location: RecordLocation
  /**
   * True if the line contains `\u`. Without such an escape, a line contains no lone surrogate, so its strings are not
   * checked.
   */
  readonly #hasEscapes: boolean

  constructor(line: Buffer, location: RecordLocation) {
    this.#lineBytes = line.length
    this.#location = location
    this.#hasEscapes = line.includes('\\u')
  }

  item(parsed: unknown): asserts parsed is Item {
    if (!isRecord(parsed)) throw this.#error('Item must be an object')
    this.#map(parsed, 0)
    this.#key(parsed, 'pk', MAX_PARTITION_KEY_BYTES)
    this.#key(parsed, 'sk', MAX_SORT_KEY_BYTES)
    // The size of an item in DynamoDB is never greater than the size of its line. If the line is short, the size need
    // not be computed.
    if (this.#lineBytes <= MAX_ITEM_BYTES) return
    const size = itemBytes(parsed)
    if (size > MAX_ITEM_BYTES) throw this.#error(`the item has ${size} bytes; DynamoDB allows ${MAX_ITEM_BYTES}`)
  }

  #key(item: Item, name: string, limit: number): void {
    const key = item[name]?.S
    if (key === undefined || key === '') throw this.#error(`${name} must be a string that is not empty`)
    if (Buffer.byteLength(key) > limit) throw this.#error(`${name} has more than ${limit} bytes`)
  }

  #map(map: Record<string, unknown>, level: number): asserts map is Item {
    for (const name of Object.keys(map)) {
      this.#text(name)
      // A UTF-16 code unit has at most 3 bytes in UTF-8, so short names need no exact check.
      if (name === '' || name === PROTO || name.length * 3 > MAX_NAME_BYTES) this.#name(name, level)
      this.#value(map[name], level + 1)
    }
  }

  #value(value: unknown, level: number): void {
    if (!isRecord(value)) throw this.#error('an attribute value must be an object')
    if (level > MAX_LEVELS + 1) throw this.#error(`the item is nested deeper than ${MAX_LEVELS} levels`)
    const types = Object.keys(value)
    const [type] = types
    if (type === undefined || types.length > 1)
      throw this.#error(`an attribute value has ${types.length} types; it must have exactly one`)
    const content = value[type]
    switch (type) {
      case 'S':
        if (typeof content !== 'string') throw this.#error('S must be a string')
        this.#text(content)
        return
      case 'N':
        if (typeof content !== 'string' || !isNumberText(content)) throw this.#error('N must be a DynamoDB number')
        return
      case 'BOOL':
        if (typeof content !== 'boolean') throw this.#error('BOOL must be true or false')
        return
      case 'NULL':
        if (content !== true) throw this.#error('NULL must be true')
        return
      case 'M':
        if (!isRecord(content)) throw this.#error('M must be an object')
        this.#map(content, level)
        return
      case 'L':
        if (!Array.isArray(content)) throw this.#error('L must be an array')
        for (const element of content) this.#value(element, level + 1)
        return
      case 'B':
        value['B'] = this.#base64('B', content)
        return
      case 'SS':
        this.#set('SS', content, (text) => {
          if (typeof text !== 'string') throw this.#error('SS must contain only strings')
          this.#text(text)
          return text
        })
        return
      case 'NS':
        this.#set('NS', content, (text) => {
          if (typeof text !== 'string' || !isNumberText(text))
            throw this.#error('NS must contain only DynamoDB numbers')
          return plainNumber(text)
        })
        return
      case 'BS': {
        const texts = this.#set('BS', content, (text) => this.#base64('BS', text).toString('base64'))
        value['BS'] = texts.map((text) => Buffer.from(text, 'base64'))
        return
      }
      default:
        throw this.#error('an attribute value has a type that DynamoDB does not define')
    }
  }

  /**
   * Checks that a set is not empty and contains no value twice. `canonical` must return the same string for equal
   * elements. Returns the results of `canonical`.
   */
  #set(type: string, elements: unknown, canonical: (element: unknown) => string): string[] {
    if (!Array.isArray(elements) || elements.length === 0)
      throw this.#error(`${type} must be an array that is not empty`)
    const texts = elements.map(canonical)
    if (new Set(texts).size < texts.length) throw this.#error(`${type} contains a value twice`)
    return texts
  }

  #text(text: string): void {
    if (this.#hasEscapes && !text.isWellFormed()) throw this.#error('a string is not valid Unicode')
  }

  #name(name: string, level: number): void {
    // DynamoDB allows an empty key in a map, but not an empty name of an attribute.
    if (name === PROTO) throw this.#error(`an attribute has the name ${PROTO}, which the AWS SDK does not keep`)
    if (name === '' && level === 0) throw this.#error('an attribute has an empty name')
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw this.#error(`a name has more than ${MAX_NAME_BYTES} bytes`)
  }

  #base64(type: string, text: unknown): Buffer {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : Buffer.alloc(0)
    if (bytes.toString('base64') !== text) throw this.#error(`${type} must contain only base64`)
    return bytes
  }

  #error(reason: string): RecordInvalidError {
    return new RecordInvalidError(reason, this.#location)
  }
}
