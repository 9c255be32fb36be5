import { type Assertion, type CaseFolding, type CharacterClass, type Node, RegexError } from './syntax.ts'

/** One step of a search. `next` is an index of `RegexProgram.steps`. */
export type SearchStep =
  | { readonly kind: 'match' }
  | { readonly kind: 'character'; readonly matches: (character: string) => boolean; readonly next: number }
  | { readonly kind: 'assertion'; readonly assertion: Assertion; readonly ascii: boolean; readonly next: number }
  | { readonly kind: 'split'; readonly next: number[] }

export interface RegexProgram {
  readonly steps: readonly SearchStep[]
  readonly start: number
}

/**
 * The largest number of steps, which limits the time for each character of a searched string. Real expressions have at
 * most a tenth of this number.
 */
const MAX_STEPS = 5_000

/**
 * Compiles a syntax tree to the steps of a search. Throws `RegexError` if there are too many steps because of
 * quantifiers.
 */
export const compileProgram = (node: Node): RegexProgram => {
  const steps: SearchStep[] = [{ kind: 'match' }]
  let nodes = 0
  const add = (step: SearchStep): number => steps.push(step) - 1

  /**
   * Adds the steps of a node, after which the search continues at step `next`. Returns the index of the node's first
   * step.
   */
  const build = (of: Node, next: number): number => {
    // Nodes are counted instead of steps, because even repeating an empty group, which has no steps, takes time.
    nodes += 1
    if (nodes > MAX_STEPS) throw new RegexError(`more than ${MAX_STEPS} steps after repeats are expanded`, 0)
    switch (of.kind) {
      case 'class':
        return add({ kind: 'character', matches: characterTest(of.of, of.folding), next })
      case 'assertion':
        return add({ kind: 'assertion', assertion: of.assertion, ascii: of.ascii, next })
      case 'sequence':
        return of.nodes.reduceRight((rest, inner) => build(inner, rest), next)
      case 'choice':
        return add({ kind: 'split', next: of.nodes.map((inner) => build(inner, next)) })
      case 'repeat':
        return repeat(of.node, of.min, of.max, next)
    }
  }

  const repeat = (of: Node, min: number, max: number, next: number): number => {
    let first = next
    if (max === Infinity) {
      const targets = [next]
      first = add({ kind: 'split', next: targets })
      targets.push(build(of, first))
    } else {
      // Before each optional repetition, the search may continue at `next`.
      for (let k = min; k < max; k++) first = add({ kind: 'split', next: [next, build(of, first)] })
    }
    for (let k = 0; k < min; k++) first = build(of, first)
    return first
  }

  const start = build(node, 0)
  return { steps, start }
}

/** Returns a function that returns true if a class matches a character. The results for ASCII characters are cached. */
const characterTest = ({ inside, negated }: CharacterClass, folding: CaseFolding): ((character: string) => boolean) => {
  const pattern = new RegExp(`^[${inside}]$`, folding === 'unicode' ? 'iv' : 'v')
  const matches = (character: string): boolean =>
    negated !== variants(character, folding).some((variant) => pattern.test(variant))
  const cache: (boolean | undefined)[] = []
  return (character) => {
    const code = character.charCodeAt(0)
    return code < 0x80 ? (cache[code] ??= matches(character)) : matches(character)
  }
}

/** Letters that Python treats as equal with `(?i)`. JavaScript does not treat them as equal with the flag `i`. */
const LETTERS_I = ['i', 'I', 'İ', 'ı']

/**
 * Returns the characters that Python treats as equal to a character. Characters that JavaScript's flag `i` also treats
 * as equal may be omitted.
 */
const variants = (character: string, folding: CaseFolding): readonly string[] => {
  if (folding === 'unicode' && LETTERS_I.includes(character)) return LETTERS_I
  if (folding === 'ascii' && /^[A-Za-z]$/.test(character)) return [character.toLowerCase(), character.toUpperCase()]
  return [character]
}
