import { must } from '../../values/must.ts'

/** A regular expression that Python does not take, or that cannot run in linear time. `at`: the place in the pattern, from 0. */
export class RegexError extends Error {
  override readonly name = 'RegexError'

  constructor(reason: string, at: number) {
    super(`${reason} at position ${at} of the regular expression`)
  }
}

/** Where a match may stand without taking a character. */
export type Assertion = 'start' | 'line start' | 'end' | 'line end' | 'very end' | 'boundary' | 'no boundary'

/** Characters as the inside of a JavaScript class (flag `v`), so that `\p` knows Unicode; `not` turns it round. */
export interface CharacterClass {
  readonly inside: string
  readonly not: boolean
}

/** Whether letters stand for their other case too: those of ASCII alone, or all. */
export type Fold = 'none' | 'ascii' | 'unicode'

export type Node =
  | { readonly kind: 'class'; readonly of: CharacterClass; readonly fold: Fold }
  | { readonly kind: 'assertion'; readonly what: Assertion; readonly ascii: boolean }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'choice'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }

/** A character as it stands inside a JavaScript class. */
export const literal = (character: string): string => `\\u{${must(character.codePointAt(0)).toString(16)}}`
