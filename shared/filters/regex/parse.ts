import { must } from '../../values/must.ts'
import { parseClass, readEscape } from './escapes.ts'
import { type Assertion, type Fold, literal, type Node, RegexError } from './syntax.ts'

/** Flags of Python: a, i, m, s, x; `u` is what every text has that is not under `a`. */
export interface Flags {
  readonly a: boolean
  readonly i: boolean
  readonly m: boolean
  readonly s: boolean
  readonly x: boolean
}

const NO_FLAGS: Flags = { a: false, i: false, m: false, s: false, x: false }

const foldOf = ({ a, i }: Flags): Fold => (i ? (a ? 'ascii' : 'unicode') : 'none')

/** What Python can and a search in linear time cannot. */
const NOT_LINEAR: Readonly<Record<string, string>> = {
  '=': 'a lookahead (?=…)',
  '!': 'a lookahead (?!…)',
  '<=': 'a lookbehind (?<=…)',
  '<!': 'a lookbehind (?<!…)',
  '>': 'an atomic group (?>…)',
  '(': 'a conditional group (?(…)…)',
  'P=': 'a backreference (?P=…)',
}

/** Parses Python's syntax of regular expressions (3.11). Throws `RegexError`. */
export const parseRegex = (pattern: string): Node => new Parser(pattern).parse()

const MAX_DEPTH = 100

class Parser {
  /** By code points, as Python counts. */
  readonly #characters: readonly string[]
  readonly #names = new Set<string>()
  #isAscii = false
  #at = 0
  #depth = 0

  constructor(pattern: string) {
    this.#characters = Array.from(pattern)
  }

  parse(): Node {
    const flags = this.#globalFlags()
    const node = this.#choice(flags)
    if (this.#at < this.#characters.length) throw this.#error('unbalanced parenthesis')
    return node
  }

  #error(reason: string, at = this.#at): RegexError {
    return new RegexError(reason, at)
  }

  #peek(text: string): boolean {
    return this.#characters.slice(this.#at, this.#at + text.length).join('') === text
  }

  #take(text: string): boolean {
    if (!this.#peek(text)) return false
    this.#at += text.length
    return true
  }

  /** `(?i)` and its like, which Python takes at the start alone, behind comments at most. */
  #globalFlags(): Flags {
    let letters = ''
    let flags = NO_FLAGS
    for (;;) {
      this.#skipComments(flags)
      const found = /^\(\?[aiLmsux]+\)/.exec(this.#characters.slice(this.#at, this.#at + 20).join(''))
      if (found === null) break
      letters += found[0].slice(2, -1)
      this.#at += found[0].length
      flags = this.#withFlags(NO_FLAGS, letters)
    }
    this.#isAscii = flags.a
    return flags
  }

  #withFlags(flags: Flags, letters: string, value = true): Flags {
    if (letters.includes('L')) throw this.#error('the flag L is for bytes alone')
    if (letters.includes('a') && letters.includes('u')) throw this.#error('the flags a and u exclude each other')
    // Python itself finds neither \w nor \W there.
    if (letters.includes('u') && this.#isAscii) throw this.#error('the flag u does not go into a global (?a)')
    const named = Object.fromEntries(Array.from(letters, (letter) => [letter, value]))
    return { ...flags, ...named, ...(letters.includes('u') ? { a: false } : {}) }
  }

  #choice(flags: Flags): Node {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw this.#error(`groups nest deeper than ${MAX_DEPTH}`)
    const first = this.#sequence(flags)
    const others: Node[] = []
    while (this.#take('|')) others.push(this.#sequence(flags))
    this.#depth -= 1
    return others.length === 0 ? first : { kind: 'choice', nodes: [first, ...others] }
  }

  #sequence(flags: Flags): Node {
    const nodes: Node[] = []
    for (;;) {
      this.#skipComments(flags)
      const character = this.#characters[this.#at]
      if (character === undefined || character === '|' || character === ')') break
      nodes.push(this.#repeated(this.#atom(character, flags), flags))
    }
    return { kind: 'sequence', nodes }
  }

  #skipVerbose(): void {
    for (;;) {
      const character = this.#characters[this.#at] ?? ''
      if (/^[ \t\n\r\f\v]$/.test(character)) this.#at += 1
      else if (character === '#') this.#goTo('\n')
      else return
    }
  }

  /** Comments stand for nothing, also between a character and its repeat. */
  #skipComments(flags: Flags): void {
    for (;;) {
      if (flags.x) this.#skipVerbose()
      const at = this.#at
      if (!this.#take('(?#')) return
      this.#goTo(')')
      if (!this.#take(')')) throw this.#error('missing ), unterminated comment', at)
    }
  }

  /** Goes on to a sign, or to the end. `\` and what follows it are one, and not the sign, also in a comment. */
  #goTo(sign: string): void {
    while (this.#at < this.#characters.length && !this.#peek(sign)) this.#at += this.#peek('\\') ? 2 : 1
  }

  #atom(character: string, flags: Flags): Node {
    const assertion = (what: Assertion): Node => ({ kind: 'assertion', what, ascii: flags.a })
    switch (character) {
      case '(':
        return this.#group(flags)
      case '[': {
        const { characters, end } = parseClass(this.#characters, this.#at, flags.a)
        this.#at = end
        return { kind: 'class', of: characters, fold: foldOf(flags) }
      }
      case '\\': {
        const { escape, end } = readEscape(this.#characters, this.#at, flags.a)
        this.#at = end
        return 'assertion' in escape
          ? assertion(escape.assertion)
          : { kind: 'class', of: escape.characters, fold: foldOf(flags) }
      }
      case '.':
        this.#at += 1
        return { kind: 'class', of: { inside: flags.s ? '' : '\\n', not: true }, fold: 'none' }
      case '^':
        this.#at += 1
        return assertion(flags.m ? 'line start' : 'start')
      case '$':
        this.#at += 1
        return assertion(flags.m ? 'line end' : 'end')
      case '*':
      case '+':
      case '?':
        throw this.#error('nothing to repeat')
      default:
        if (character === '{' && this.#bounds() !== undefined) throw this.#error('nothing to repeat')
        this.#at += 1
        return { kind: 'class', of: { inside: literal(character), not: false }, fold: foldOf(flags) }
    }
  }

  #repeated(node: Node, flags: Flags): Node {
    this.#skipComments(flags)
    const bounds = this.#bounds()
    if (bounds === undefined) return node
    const { min, max, end } = bounds
    if (max < min) throw this.#error('min repeat greater than max repeat')
    if (node.kind === 'assertion') throw this.#error('nothing to repeat')
    this.#at = end
    if (this.#take('+')) throw this.#error('a possessive repeat does not run in linear time')
    this.#take('?') // Whether something is found does not depend on how much is taken.
    if (this.#bounds() !== undefined) throw this.#error('multiple repeat')
    return { kind: 'repeat', node, min, max }
  }

  /** The repeat that stands here, if any. `{` that begins none is a character. */
  #bounds(): { readonly min: number; readonly max: number; readonly end: number } | undefined {
    const at = this.#at
    const sign = this.#characters[at]
    if (sign === '*') return { min: 0, max: Infinity, end: at + 1 }
    if (sign === '+') return { min: 1, max: Infinity, end: at + 1 }
    if (sign === '?') return { min: 0, max: 1, end: at + 1 }
    const found = /^\{(\d*)(,?)(\d*)\}/.exec(this.#characters.slice(at, at + 40).join(''))
    if (found === null) return undefined
    const [text, min, comma, max] = found
    if (min === '' && comma === '') return undefined
    const least = Number(min)
    return { min: least, max: comma === '' ? least : max === '' ? Infinity : Number(max), end: at + text.length }
  }

  #group(flags: Flags): Node {
    const at = this.#at
    this.#at += 1
    if (!this.#take('?')) return this.#inner(flags, at)
    for (const [sign, what] of Object.entries(NOT_LINEAR))
      if (this.#take(sign)) throw this.#error(`${what} does not run in linear time`, at)
    if (this.#take('P<')) {
      this.#name(at)
      return this.#inner(flags, at)
    }
    const found = /^([aiLmsux]*)(?:-([imsx]+))?:/.exec(this.#characters.slice(this.#at, this.#at + 20).join(''))
    if (found === null) throw this.#error(`unknown extension ?${this.#characters[this.#at] ?? ''}`, at + 1)
    this.#at += found[0].length
    const on = must(found[1])
    const off = found[2] ?? ''
    const both = Array.from(off).find((letter) => on.includes(letter))
    if (both !== undefined) throw this.#error(`the flag ${both} is turned on and off`, at)
    return this.#inner(this.#withFlags(this.#withFlags(flags, on), off, false), at)
  }

  #name(at: number): void {
    const end = this.#characters.indexOf('>', this.#at)
    const name = this.#characters.slice(this.#at, end === -1 ? this.#at : end).join('')
    if (!/^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(name)) throw this.#error('bad character in group name', at)
    if (this.#names.has(name)) throw this.#error(`redefinition of group name ${name}`, at)
    this.#names.add(name)
    this.#at = end + 1
  }

  #inner(flags: Flags, at: number): Node {
    const node = this.#choice(flags)
    if (!this.#take(')')) throw this.#error('missing ), unterminated subpattern', at)
    return node
  }
}
