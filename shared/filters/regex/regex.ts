import { must } from '../../values/must.ts'
import { isWordCharacter } from './escapes.ts'
import { parseRegex } from './parse.ts'
import { type RegexProgram, compileProgram, type SearchStep } from './program.ts'
import type { Assertion } from './syntax.ts'

interface Regex {
  /** Returns true if Python's `re.search` would find the expression in the string. */
  readonly isFoundIn: (text: string) => boolean
}

/**
 * Compiles a regular expression in Python's syntax. Throws `RegexError` if the expression is invalid, or if it cannot
 * be evaluated in linear time.
 *
 * A search follows all possible matches at the same time (Thompson's construction). The time for a search is therefore
 * at most proportional to the length of the string × the number of steps. RE2 is not used, because its `\b`, `\w`, `$`
 * and `(?i)` differ from those of Python. With RE2, resources could be missing in a backup without an error.
 */
export const compileRegex = (pattern: string): Regex => {
  const program = compileProgram(parseRegex(pattern))
  return { isFoundIn: (text) => isFound(program, Array.from(text)) }
}

const isFound = (program: RegexProgram, characters: readonly string[]): boolean => {
  // A match may begin before every character.
  let states = [program.start]
  const marks = new Uint32Array(program.steps.length)
  for (const [at, character] of characters.entries()) {
    const steps = nextCharacterSteps(program, states, characters, at, marks)
    if (steps === undefined) return true
    states = [program.start]
    for (const step of steps) if (step.matches(character)) states.push(step.next)
  }
  return nextCharacterSteps(program, states, characters, characters.length, marks) === undefined
}

type CharacterStep = Extract<SearchStep, { readonly kind: 'character' }>

/**
 * Follows all steps that consume no character. Returns the reachable steps that consume a character. If a match is
 * reached, returns undefined. For each step, `marks` contains the last position at which the step was visited, plus 1.
 */
const nextCharacterSteps = (
  { steps }: RegexProgram,
  states: number[],
  characters: readonly string[],
  at: number,
  marks: Uint32Array,
): CharacterStep[] | undefined => {
  const found: CharacterStep[] = []
  for (let state = states.pop(); state !== undefined; state = states.pop()) {
    if (marks[state] === at + 1) continue
    marks[state] = at + 1
    const step = must(steps[state])
    switch (step.kind) {
      case 'match':
        return undefined
      case 'character':
        found.push(step)
        break
      case 'assertion':
        if (holdsAt(step.assertion, characters, at, step.ascii)) states.push(step.next)
        break
      case 'split':
        states.push(...step.next)
        break
    }
  }
  return found
}

const holdsAt = (assertion: Assertion, characters: readonly string[], at: number, ascii: boolean): boolean => {
  const before = characters[at - 1]
  const after = characters[at]
  switch (assertion) {
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
      // As in Python before 3.14, neither `\b` nor `\B` matches in an empty string.
      return characters.length > 0 && isWord(before, ascii) === isWord(after, ascii)
  }
}

const isWord = (character: string | undefined, ascii: boolean): boolean =>
  character !== undefined && isWordCharacter(character, ascii)
