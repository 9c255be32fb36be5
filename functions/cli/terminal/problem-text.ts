import type { Problem } from '../../../shared/problems/problem.ts'

/** Returns the text of a problem. If several fields are wrong, each of them has a line. */
export const problemText = ({ title, detail, errors = [] }: Problem): string =>
  errors.length < 2
    ? `${title}: ${detail}`
    : [title, ...errors.map(({ field, message }) => `  ${field}: ${message}`)].join('\n')
