import { floatText } from './float-text.ts'

/**
 * Parses JSON and keeps all digits of integers and the order of keys. Returns integers as `bigint`, and floats as
 * `number`. Returns objects as `Map`, because `JSON.parse` would reorder keys that look like integers. Throws
 * `RangeError` with the offset of the first error.
 */
export const parseOrderedJson = (text: string): unknown => new OrderedJsonParser(text, WORDS).parse()

/** Parses JSON like `parseOrderedJson`, but also accepts `NaN`, `Infinity` and `-Infinity`, as Python does. */
export const parsePythonJson = (text: string): unknown => new OrderedJsonParser(text, PYTHON_WORDS).parse()

const SPACE = /[\t\n\r ]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y
const WORDS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
])
const PYTHON_WORDS = new Map<string, unknown>([
  ...WORDS,
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])

class OrderedJsonParser {
  readonly #text: string
  readonly #words: ReadonlyMap<string, unknown>
  #at = 0

  constructor(text: string, words: ReadonlyMap<string, unknown>) {
    this.#text = text
    this.#words = words
  }

  parse(): unknown {
    const value = this.#value()
    this.#match(SPACE)
    if (this.#at < this.#text.length) throw this.#error()
    return value
  }

  #value(): unknown {
    this.#match(SPACE)
    const character = this.#text[this.#at]
    if (character === '{') return this.#map()
    if (character === '[') return this.#list()
    return character === '"' ? this.#string() : (this.#number() ?? this.#word())
  }

  #map(): Map<string, unknown> {
    const map = new Map<string, unknown>()
    this.#members('}', () => {
      const key = this.#string()
      this.#match(SPACE)
      this.#expect(':')
      map.set(key, this.#value())
    })
    return map
  }

  #list(): unknown[] {
    const list: unknown[] = []
    this.#members(']', () => void list.push(this.#value()))
    return list
  }

  #members(end: string, member: () => void): void {
    this.#at += 1
    this.#match(SPACE)
    if (this.#text[this.#at] === end) {
      this.#at += 1
      return
    }
    for (;;) {
      this.#match(SPACE)
      member()
      this.#match(SPACE)
      if (this.#text[this.#at] === end) break
      this.#expect(',')
    }
    this.#at += 1
  }

  #string(): string {
    const source = this.#match(STRING)
    if (source === undefined) throw this.#error()
    try {
      return String(JSON.parse(source))
    } catch {
      throw this.#error()
    }
  }

  #number(): bigint | number | undefined {
    const source = this.#match(NUMBER)
    if (source === undefined) return undefined
    return /[.eE]/.test(source) ? Number(source) : BigInt(source)
  }

  #word(): unknown {
    for (const [word, value] of this.#words)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length
        return value
      }
    throw this.#error()
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw this.#error()
    this.#at += 1
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    this.#at += found?.length ?? 0
    return found
  }

  #error(): RangeError {
    return new RangeError(`invalid JSON at character ${this.#at}`)
  }
}

/**
 * Encodes a value that `parseOrderedJson` or the msgpack reader has returned as JSON. Every float is written with a
 * fraction or an exponent, so that no reader parses it as an integer. Throws `RangeError` for values that JSON cannot
 * express, such as NaN or binary data.
 */
export const orderedJsonText = (value: unknown): string => {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return floatText(value)
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(orderedJsonText).join(',')}]`
  if (value instanceof Map)
    return `{${[...value].map(([key, member]) => `${JSON.stringify(key)}:${orderedJsonText(member)}`).join(',')}}`
  throw new RangeError('only null, booleans, numbers, strings, lists and maps can be written as JSON')
}
