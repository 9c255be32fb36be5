import type { Item } from '../tables/item.ts'
import { itemBytes, MAX_ITEM_BYTES } from '../resources/item-size.ts'
import { isNumberText, plainNumber } from '../values/number-text.ts'
import { RecordInvalidError, type RecordWhere } from './errors.ts'

/** DynamoDB's limits: an item, its keys, the length of a name, and levels of maps and lists. */
const MAX_PARTITION_KEY_BYTES = 2048
const MAX_SORT_KEY_BYTES = 1024
const MAX_NAME_BYTES = 65_535
const MAX_LEVELS = 32

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Makes an item of the parsed DynamoDB JSON of `line`, in place: base64 becomes bytes. Throws `RecordInvalidError` with the
 * reason for what DynamoDB would not take: two types in a value, numbers out of range, sets that are empty or hold a value
 * twice, keys and items over its limits.
 */
export const checkItem = (parsed: unknown, line: Buffer, where: RecordWhere): Item => {
  const check: ItemCheck = new ItemCheck(line, where)
  check.item(parsed)
  return parsed
}

/** Walks the values of one item. Every method either holds or throws. */
class ItemCheck {
  readonly #lineBytes: number
  readonly #where: RecordWhere
  /** A line of UTF-8 without `\u` holds whole Unicode alone: that spares work on most lines. */
  readonly #escapes: boolean

  constructor(line: Buffer, where: RecordWhere) {
    this.#lineBytes = line.length
    this.#where = where
    this.#escapes = line.includes('\\u')
  }

  item(parsed: unknown): asserts parsed is Item {
    if (!isRecord(parsed)) throw this.#wrong('Item is not a map')
    this.#map(parsed, 0)
    this.#key(parsed, 'pk', MAX_PARTITION_KEY_BYTES)
    this.#key(parsed, 'sk', MAX_SORT_KEY_BYTES)
    // An item never takes more than its line: names and texts are as long or longer there, all else is much longer.
    if (this.#lineBytes <= MAX_ITEM_BYTES) return
    const size = itemBytes(parsed)
    if (size > MAX_ITEM_BYTES) throw this.#wrong(`item of ${size} bytes, DynamoDB takes ${MAX_ITEM_BYTES}`)
  }

  #key(item: Item, name: string, limit: number): void {
    const key = item[name]?.S
    if (key === undefined || key === '') throw this.#wrong(`${name} is not a text`)
    if (Buffer.byteLength(key) > limit) throw this.#wrong(`${name} is over ${limit} bytes`)
  }

  #map(map: Record<string, unknown>, level: number): asserts map is Item {
    for (const name of Object.keys(map)) {
      this.#text(name)
      if (name === '' || name.length * 3 > MAX_NAME_BYTES) this.#name(name, level)
      this.#value(map[name], level + 1)
    }
  }

  #value(value: unknown, level: number): void {
    if (!isRecord(value)) throw this.#wrong('an attribute value is not a map')
    if (level > MAX_LEVELS + 1) throw this.#wrong(`more than ${MAX_LEVELS} levels`)
    const types = Object.keys(value)
    const [type] = types
    if (type === undefined || types.length > 1) throw this.#wrong(`a value of ${types.length} types`)
    const content = value[type]
    switch (type) {
      case 'S':
        if (typeof content !== 'string') throw this.#wrong('S is not a text')
        this.#text(content)
        return
      case 'N':
        if (typeof content !== 'string' || !isNumberText(content)) throw this.#wrong('N is not a number of DynamoDB')
        return
      case 'BOOL':
        if (typeof content !== 'boolean') throw this.#wrong('BOOL is not true or false')
        return
      case 'NULL':
        if (content !== true) throw this.#wrong('NULL is not true')
        return
      case 'M':
        if (!isRecord(content)) throw this.#wrong('M is not a map')
        this.#map(content, level)
        return
      case 'L':
        if (!Array.isArray(content)) throw this.#wrong('L is not a list')
        for (const element of content) this.#value(element, level + 1)
        return
      case 'B':
        value['B'] = this.#base64(content)
        return
      case 'SS':
        this.#set(value, 'SS', (text) => {
          if (typeof text !== 'string') throw this.#wrong('SS holds what is not a text')
          this.#text(text)
          return text
        })
        return
      case 'NS':
        this.#set(value, 'NS', (text) => {
          if (typeof text !== 'string' || !isNumberText(text)) throw this.#wrong('NS holds what is not a number')
          return plainNumber(text)
        })
        return
      case 'BS': {
        const texts = this.#set(value, 'BS', (text) => this.#base64(text).toString('base64'))
        value['BS'] = texts.map((text) => Buffer.from(text, 'base64'))
        return
      }
      default:
        throw this.#wrong('a value of a type that DynamoDB does not have')
    }
  }

  #set(value: Record<string, unknown>, type: string, identity: (element: unknown) => string): string[] {
    const elements = value[type]
    if (!Array.isArray(elements) || elements.length === 0) throw this.#wrong(`${type} is not a list, or empty`)
    const identities = elements.map(identity)
    if (new Set(identities).size < identities.length) throw this.#wrong(`${type} holds a value twice`)
    return identities
  }

  #text(text: string): void {
    if (this.#escapes && !text.isWellFormed()) throw this.#wrong('a text that is not valid Unicode')
  }

  #name(name: string, level: number): void {
    // Keys inside a map may be empty, names of attributes not.
    if (name === '' && level === 0) throw this.#wrong('an attribute without a name')
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw this.#wrong(`a name over ${MAX_NAME_BYTES} bytes`)
  }

  #base64(text: unknown): Buffer {
    if (typeof text !== 'string') throw this.#wrong('B is not base64')
    const bytes = Buffer.from(text, 'base64')
    if (bytes.toString('base64') !== text) throw this.#wrong('B is not base64')
    return bytes
  }

  #wrong(reason: string): RecordInvalidError {
    return new RecordInvalidError(reason, this.#where)
  }
}
