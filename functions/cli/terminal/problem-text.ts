import { ARCHIVE_DAMAGE } from '../../../shared/problems/archive-damage.ts'
import type { Problem } from '../../../shared/problems/problem.ts'
import { printable } from './printable.ts'

/** The types whose details state again what their titles state. */
const REPEATING_TYPES: ReadonlySet<string> = new Set([
  ...ARCHIVE_DAMAGE,
  'unsupported-version',
  'unknown-models',
  'section-missing',
  'source-not-allowed',
  'verification-failed',
  'differences-expired',
  'unknown-job',
  'unknown-schedule',
])

/** Returns the text of a problem. If several fields are wrong, each of them has a line. */
export const problemText = ({ type, title, detail, errors = [] }: Problem): string => {
  if (errors.length > 1)
    return [printable(title), ...errors.map(({ field, message }) => `  ${printable(`${field}: ${message}`)}`)].join(
      '\n',
    )
  return printable(REPEATING_TYPES.has(type) ? detail : `${title}: ${detail}`)
}
