import { must } from '../../values/must.ts'
import { isWordCharacter } from './escapes.ts'
import { parseRegex } from './parse.ts'
import { type Program, programOf, type Step } from './program.ts'
import type { Assertion } from './syntax.ts'

/**
 * Python's `re.search` in linear time, answering whether it finds anything. All ways to match go on side by side (Thompson's
 * construction), so that no expression makes a search take longer than text × expression. Not RE2: its `\b`, `\w`, `$` and
 * `(?i)` are not Python's, and a backup would leave out resources without a word.
 */
export interface Regex {
  readonly isIn: (text: string) => boolean
}

/** Compiles an expression in Python's syntax. Throws `RegexError` for a wrong one, and for what no linear search can do. */
export const compileRegex = (pattern: string): Regex => {
  const program = programOf(parseRegex(pattern))
  return { isIn: (text) => isFound(program, Array.from(text)) }
}

const isFound = (program: Program, characters: readonly string[]): boolean => {
  // A match may begin at every place.
  let states = [program.start]
  const marks = new Uint32Array(program.steps.length)
  for (const [at, character] of characters.entries()) {
    const waiting = waitingSteps(program, states, characters, at, marks)
    if (waiting === undefined) return true
    states = [program.start]
    for (const step of waiting) if (step.takes(character)) states.push(step.next)
  }
  return waitingSteps(program, states, characters, characters.length, marks) === undefined
}

type Waiting = Extract<Step, { readonly kind: 'character' }>

/** Follows all that takes no character. The steps that wait for one; undefined where the match is reached. */
const waitingSteps = (
  { steps }: Program,
  states: number[],
  characters: readonly string[],
  at: number,
  marks: Uint32Array,
): Waiting[] | undefined => {
  const waiting: Waiting[] = []
  for (let state = states.pop(); state !== undefined; state = states.pop()) {
    if (marks[state] === at + 1) continue
    marks[state] = at + 1
    const step = must(steps[state])
    switch (step.kind) {
      case 'match':
        return undefined
      case 'character':
        waiting.push(step)
        break
      case 'assertion':
        if (stands(step.what, characters, at, step.ascii)) states.push(step.next)
        break
      case 'split':
        states.push(...step.next)
        break
    }
  }
  return waiting
}

const stands = (what: Assertion, characters: readonly string[], at: number, ascii: boolean): boolean => {
  const before = characters[at - 1]
  const after = characters[at]
  switch (what) {
    case 'start':
      return before === undefined
    case 'line start':
      return before === undefined || before === '\n'
    case 'end':
      return after === undefined || (after === '\n' && at === characters.length - 1)
    case 'line end':
      return after === undefined || after === '\n'
    case 'very end':
      return after === undefined
    case 'boundary':
      return isWord(before, ascii) !== isWord(after, ascii)
    case 'no boundary':
      // Up to Python 3.13 an empty text has neither.
      return characters.length > 0 && isWord(before, ascii) === isWord(after, ascii)
  }
}

const isWord = (character: string | undefined, ascii: boolean): boolean =>
  character !== undefined && isWordCharacter(character, ascii)
