import { type Problem, repeatsTitle } from '../../../shared/problems/problem.ts'
import { withCommandWords } from './command-words.ts'
import { printable } from './printable.ts'

/**
 * Returns the text of a problem, which advises options of the command. If several fields are wrong, each of them has a
 * line.
 */
export const problemText = (problem: Problem): string => withCommandWords(apiText(problem))

const apiText = ({ type, title, detail, errors = [] }: Problem): string => {
  if (errors.length > 1)
    return [printable(title), ...errors.map(({ field, message }) => `  ${printable(`${field}: ${message}`)}`)].join(
      '\n',
    )
  return printable(repeatsTitle(type) || detail === title ? detail : `${title}: ${detail}`)
}
