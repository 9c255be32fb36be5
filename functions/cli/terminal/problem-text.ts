import type { Problem } from '../../../shared/problems/problem.ts'
import { printable } from './printable.ts'

/** Returns the text of a problem. If several fields are wrong, each of them has a line. */
export const problemText = ({ title, detail, errors = [] }: Problem): string =>
  errors.length < 2
    ? printable(`${title}: ${detail}`)
    : [printable(title), ...errors.map(({ field, message }) => `  ${printable(`${field}: ${message}`)}`)].join('\n')
