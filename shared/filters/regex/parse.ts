import { must } from '../../values/must.ts'
import { Cursor } from './cursor.ts'
import { parseClass, readEscape } from './escapes.ts'
import { caseFolding, explainInvalidFlags, type Flags, NO_FLAGS, setFlags } from './flags.ts'
import { type Assertion, literal, type Node, RegexError } from './syntax.ts'

/**
 * Descriptions of the groups that Python supports, but that a search in linear time cannot evaluate. The keys are the
 * characters after `(?`.
 */
const NOT_LINEAR: Readonly<Record<string, string>> = {
  '=': 'a lookahead (?=…)',
  '!': 'a lookahead (?!…)',
  '<=': 'a lookbehind (?<=…)',
  '<!': 'a lookbehind (?<!…)',
  '>': 'an atomic group (?>…)',
  '(': 'a conditional group (?(…)…)',
  'P=': 'a backreference (?P=…)',
}

/** Maximum nesting of groups. The parser is recursive, and deeper groups could overflow the call stack. */
const MAX_DEPTH = 100
/** Number of characters in which inline flags are searched. Python has 7 flags, so a longer list only repeats flags. */
const FLAGS_LENGTH = 20
/**
 * Number of characters in which a quantifier `{min,max}` is searched. Numbers of more digits would exceed the limit on
 * steps.
 */
const BOUNDS_LENGTH = 40

/**
 * Parses a regular expression in the syntax of Python 3.11. Throws `RegexError` if the expression is invalid or not
 * supported. If Python also rejects the expression, the message is that of Python's module `re` where possible, such as
 * `nothing to repeat`.
 */
export const parseRegex = (pattern: string): Node => new Parser(pattern).parse()

class Parser {
  readonly #cursor: Cursor
  readonly #groupNames = new Set<string>()
  /** True if the expression begins with a global `(?a)`. */
  #isAscii = false
  #depth = 0

  constructor(pattern: string) {
    this.#cursor = new Cursor(pattern)
  }

  parse(): Node {
    const flags = this.#globalFlags()
    const node = this.#choice(flags)
    if (this.#cursor.current !== undefined) throw this.#error('unbalanced parenthesis')
    return node
  }

  #error(reason: string, at = this.#cursor.at): RegexError {
    return new RegexError(reason, at)
  }

  /** Parses the flags of the whole expression, such as `(?i)`. As in Python, only comments may precede these flags. */
  #globalFlags(): Flags {
    let letters = ''
    let flags = NO_FLAGS
    for (;;) {
      this.#skipComments(flags)
      const found = /^\(\?[aiLmsux]+\)/.exec(this.#cursor.ahead(FLAGS_LENGTH))
      if (found === null) break
      letters += found[0].slice(2, -1)
      this.#cursor.at += found[0].length
      flags = this.#turnOn(NO_FLAGS, letters)
    }
    this.#isAscii = flags.a
    return flags
  }

  #turnOn(flags: Flags, letters: string): Flags {
    const reason = explainInvalidFlags(letters, this.#isAscii)
    if (reason !== undefined) throw this.#error(reason)
    return setFlags(flags, letters)
  }

  #choice(flags: Flags): Node {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw this.#error(`groups nest deeper than ${MAX_DEPTH} levels`)
    const first = this.#sequence(flags)
    const others: Node[] = []
    while (this.#cursor.skip('|')) others.push(this.#sequence(flags))
    this.#depth -= 1
    return others.length === 0 ? first : { kind: 'choice', nodes: [first, ...others] }
  }

  #sequence(flags: Flags): Node {
    const nodes: Node[] = []
    for (;;) {
      this.#skipComments(flags)
      const character = this.#cursor.current
      if (character === undefined || character === '|' || character === ')') break
      nodes.push(this.#repeated(this.#atom(character, flags), flags))
    }
    return { kind: 'sequence', nodes }
  }

  /** Skips white space and comments that begin with `#`, which Python ignores with the flag `x`. */
  #skipVerbose(): void {
    for (;;) {
      const character = this.#cursor.current ?? ''
      if (/^[ \t\n\r\f\v]$/.test(character)) this.#cursor.at += 1
      else if (character === '#') this.#cursor.skipTo('\n')
      else return
    }
  }

  /** Skips comments `(?#…)` and, with the flag `x`, also white space and comments that begin with `#`. */
  #skipComments(flags: Flags): void {
    for (;;) {
      if (flags.x) this.#skipVerbose()
      const { at } = this.#cursor
      if (!this.#cursor.skip('(?#')) return
      this.#cursor.skipTo(')')
      if (!this.#cursor.skip(')')) throw this.#error('missing ), unterminated comment', at)
    }
  }

  #atom(character: string, flags: Flags): Node {
    const { characters, at } = this.#cursor
    const folding = caseFolding(flags)
    const assertionNode = (assertion: Assertion): Node => ({ kind: 'assertion', assertion, ascii: flags.a })
    switch (character) {
      case '(':
        return this.#group(flags)
      case '[': {
        const { characters: of, end } = parseClass(characters, at, flags.a)
        this.#cursor.at = end
        return { kind: 'class', of, folding }
      }
      case '\\': {
        const { escape, end } = readEscape(characters, at, flags.a)
        this.#cursor.at = end
        return 'assertion' in escape
          ? assertionNode(escape.assertion)
          : { kind: 'class', of: escape.characters, folding }
      }
      case '.':
        this.#cursor.at += 1
        return { kind: 'class', of: { inside: flags.s ? '' : '\\n', negated: true }, folding: 'none' }
      case '^':
        this.#cursor.at += 1
        return assertionNode(flags.m ? 'line start' : 'start')
      case '$':
        this.#cursor.at += 1
        return assertionNode(flags.m ? 'line end' : 'end')
      case '*':
      case '+':
      case '?':
        throw this.#error('nothing to repeat')
      default:
        if (character === '{' && this.#bounds() !== undefined) throw this.#error('nothing to repeat')
        this.#cursor.at += 1
        return { kind: 'class', of: { inside: literal(character), negated: false }, folding }
    }
  }

  #repeated(node: Node, flags: Flags): Node {
    this.#skipComments(flags)
    const bounds = this.#bounds()
    if (bounds === undefined) return node
    const { min, max, end } = bounds
    if (max < min) throw this.#error('min repeat greater than max repeat')
    if (node.kind === 'assertion') throw this.#error('nothing to repeat')
    this.#cursor.at = end
    if (this.#cursor.skip('+'))
      throw this.#error('a possessive quantifier is not supported (it cannot run in linear time)')
    // The `?` of a lazy quantifier is ignored, because it does not change whether there is a match.
    this.#cursor.skip('?')
    if (this.#bounds() !== undefined) throw this.#error('multiple repeat')
    return { kind: 'repeat', node, min, max }
  }

  /**
   * Returns the quantifier at the cursor, without moving the cursor. Returns undefined if there is no quantifier. A `{`
   * that does not begin a quantifier is an ordinary character.
   */
  #bounds(): { readonly min: number; readonly max: number; readonly end: number } | undefined {
    const { current, at } = this.#cursor
    if (current === '*') return { min: 0, max: Infinity, end: at + 1 }
    if (current === '+') return { min: 1, max: Infinity, end: at + 1 }
    if (current === '?') return { min: 0, max: 1, end: at + 1 }
    const found = /^\{(\d*)(,?)(\d*)\}/.exec(this.#cursor.ahead(BOUNDS_LENGTH))
    if (found === null) return undefined
    const [text, min, comma, max] = found
    if (min === '' && comma === '') return undefined
    const least = Number(min)
    return { min: least, max: comma === '' ? least : max === '' ? Infinity : Number(max), end: at + text.length }
  }

  #group(flags: Flags): Node {
    const { at } = this.#cursor
    this.#cursor.at += 1
    if (!this.#cursor.skip('?')) return this.#groupContent(flags, at)
    for (const [sign, what] of Object.entries(NOT_LINEAR))
      if (this.#cursor.skip(sign)) throw this.#error(`${what} is not supported (it cannot run in linear time)`, at)
    if (this.#cursor.skip('P<')) {
      this.#groupName(at)
      return this.#groupContent(flags, at)
    }
    const ahead = this.#cursor.ahead(FLAGS_LENGTH)
    const global = /^([aiLmsux]+)\)/.exec(ahead)?.[1]
    if (global !== undefined)
      throw this.#error(
        `global flags (?${global}) must be at the start of the expression: move them there, or write (?${global}:…)`,
        at,
      )
    const found = /^([aiLmsux]*)(?:-([imsx]+))?:/.exec(ahead)
    if (found === null) throw this.#error(`unknown extension ?${this.#cursor.current ?? ''}`, at + 1)
    this.#cursor.at += found[0].length
    const on = must(found[1])
    const off = found[2] ?? ''
    const both = Array.from(off).find((letter) => on.includes(letter))
    if (both !== undefined) throw this.#error(`the flag ${both} must not be turned on and off in the same group`, at)
    return this.#groupContent(setFlags(this.#turnOn(flags, on), off, false), at)
  }

  #groupName(at: number): void {
    const { characters } = this.#cursor
    const end = characters.indexOf('>', this.#cursor.at)
    const name = characters.slice(this.#cursor.at, end === -1 ? this.#cursor.at : end).join('')
    if (!/^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(name)) throw this.#error('bad character in group name', at)
    if (this.#groupNames.has(name)) throw this.#error(`redefinition of group name ${name}`, at)
    this.#groupNames.add(name)
    this.#cursor.at = end + 1
  }

  #groupContent(flags: Flags, at: number): Node {
    const node = this.#choice(flags)
    if (!this.#cursor.skip(')')) throw this.#error('missing ), unterminated subpattern', at)
    return node
  }
}
