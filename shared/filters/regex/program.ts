import { type Assertion, type CharacterClass, type Fold, type Node, RegexError } from './syntax.ts'

/** One step of a search; steps name each other by their places. */
export type Step =
  | { readonly kind: 'match' }
  | { readonly kind: 'character'; readonly takes: (character: string) => boolean; readonly next: number }
  | { readonly kind: 'assertion'; readonly what: Assertion; readonly ascii: boolean; readonly next: number }
  | { readonly kind: 'split'; readonly next: number[] }

export interface Program {
  readonly steps: readonly Step[]
  readonly start: number
}

/** A search takes, for each character of the text, a time by the number of steps at most. Ten times what people write. */
const MAX_STEPS = 5_000

/** Makes the steps of a search out of a parsed expression. Throws `RegexError` for one that repeats too much. */
export const programOf = (node: Node): Program => {
  const steps: Step[] = [{ kind: 'match' }]
  let built = 0
  const add = (step: Step): number => steps.push(step) - 1

  /** Adds a node's steps, the last of which go on at `next`, and gives the first. */
  const build = (of: Node, next: number): number => {
    // What is empty makes no steps, and may be repeated all the same.
    built += 1
    if (built > MAX_STEPS) throw new RegexError(`repeats make it longer than ${MAX_STEPS} steps`, 0)
    switch (of.kind) {
      case 'class':
        return add({ kind: 'character', takes: taker(of.of, of.fold), next })
      case 'assertion':
        return add({ kind: 'assertion', what: of.what, ascii: of.ascii, next })
      case 'sequence':
        return of.nodes.reduceRight((rest, one) => build(one, rest), next)
      case 'choice':
        return add({ kind: 'split', next: of.nodes.map((one) => build(one, next)) })
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
      // Each of the optional ones may be the last.
      for (let k = min; k < max; k++) first = add({ kind: 'split', next: [next, build(of, first)] })
    }
    for (let k = 0; k < min; k++) first = build(of, first)
    return first
  }

  const start = build(node, 0)
  return { steps, start }
}

/** Whether a class takes a character; for ASCII asked once. */
const taker = ({ inside, not }: CharacterClass, fold: Fold): ((character: string) => boolean) => {
  const pattern = new RegExp(`^[${inside}]$`, fold === 'unicode' ? 'iv' : 'v')
  const takes = (character: string): boolean => not !== variants(character, fold).some((one) => pattern.test(one))
  const known: (boolean | undefined)[] = []
  return (character) => {
    const code = character.charCodeAt(0)
    return code < 0x80 ? (known[code] ??= takes(character)) : takes(character)
  }
}

/** Letters that Python's `(?i)` takes for one another and Unicode's folding does not. */
const DOTTED = ['i', 'I', 'İ', 'ı']

/** A character and those that stand for it too, beyond what the flag `i` of JavaScript does by itself. */
const variants = (character: string, fold: Fold): readonly string[] => {
  if (fold === 'unicode' && DOTTED.includes(character)) return DOTTED
  if (fold === 'ascii' && /^[A-Za-z]$/.test(character)) return [character.toLowerCase(), character.toUpperCase()]
  return [character]
}
