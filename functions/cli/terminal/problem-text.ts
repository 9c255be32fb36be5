import { type Problem, repeatsTitle } from '../../../shared/problems/problem.ts'
import { withCommandWords } from './command-words.ts'
import { printable } from './printable.ts'

/**
 * Returns the text of a problem, which advises options of the command. If several fields are wrong, each of them has a
 * line. `fieldName` returns the argument or option of the command with which the user has set a field.
 */
export const problemText = (problem: Problem, fieldName: (field: string) => string = (field) => field): string =>
  withCommandWords(apiText(problem, fieldName))

const apiText = ({ type, title, detail, errors = [] }: Problem, fieldName: (field: string) => string): string => {
  if (errors.length > 1)
    return [
      printable(title),
      ...errors.map(({ field, message }) => `  ${printable(`${fieldName(field)}: ${message}`)}`),
    ].join('\n')
  const field = errors[0]?.field ?? /^[a-z_.]+(?=: )/.exec(detail)?.[0] ?? ''
  const named = detail.startsWith(`${field}: `) ? `${fieldName(field)}${detail.slice(field.length)}` : detail
  return printable(repeatsTitle(type) || detail === title ? named : `${title}: ${named}`)
}
