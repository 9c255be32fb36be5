import { must } from '../../values/must.ts'

/** A regular expression is not valid in Python, or cannot be evaluated in linear time. */
export class RegexError extends Error {
  override readonly name = 'RegexError'

  /** `at` is the position of the error in the expression, in code points from 0. */
  constructor(reason: string, at: number) {
    super(`${reason} at position ${at} of the regular expression`)
  }
}

/** An assertion, which tests a position between two characters and consumes no character. */
export type Assertion = 'start' | 'line start' | 'end' | 'line end' | 'very end' | 'boundary' | 'no boundary'

/** A set of characters. */
export interface CharacterClass {
  /** The inside of a JavaScript class with the flag `v`, such as `a-z\p{Nd}`. */
  readonly inside: string
  readonly negated: boolean
}

/** States whose case is ignored. It is ignored for no letters, only for ASCII letters, or for all letters. */
export type CaseFolding = 'none' | 'ascii' | 'unicode'

/** The syntax tree of a regular expression. */
export type Node =
  | { readonly kind: 'class'; readonly of: CharacterClass; readonly folding: CaseFolding }
  | { readonly kind: 'assertion'; readonly assertion: Assertion; readonly ascii: boolean }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'choice'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }

/** Returns a character, escaped for the inside of a JavaScript class. */
export const literal = (character: string): string => `\\u{${must(character.codePointAt(0)).toString(16)}}`
