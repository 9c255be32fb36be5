import type { Result } from '../api/schemas.ts'
import { plural } from './format.ts'

/** What a report without findings says. */
interface Verdict {
  readonly text: string
  readonly isGood: boolean
  /** True if the restore has proved everything that it has selected. */
  readonly isProof: boolean
}

type Counts = Pick<Result, 'skipped' | 'models' | 'blob_conflicts' | 'missing_blobs' | 'left_out'>

/**
 * Returns the verdict of a report without findings. `proved` is undefined in jobs of earlier releases, which did not
 * store whether anything was checked.
 */
export const verdictOf = (kind: string, proved: boolean | undefined, result: Counts): Verdict => {
  if (kind === 'check')
    return { text: 'Every byte and every record of the archive is sound.', isGood: true, isProof: false }
  const [skipped, kept] = [skippedIn(result), countOf(result.blob_conflicts)]
  const isWhole = skipped + kept + countOf(result.missing_blobs) + countOf(result.left_out) === 0
  const isProof = proved === true && isWhole
  const text = [checked(proved, isWhole), ...unchecked(proved, skipped, kept)].join(' ')
  return { text, isGood: isProof || (proved === undefined && isWhole), isProof }
}

const checked = (proved: boolean | undefined, isWhole: boolean): string => {
  if (proved === false) return 'Nothing was checked.'
  if (!isWhole) return 'Every check of what was restored has passed.'
  return proved === undefined
    ? 'Every check has passed.'
    : 'Proved: what was restored was read back and equals the archive.'
}

const unchecked = (proved: boolean | undefined, skipped: number, kept: number): string[] => {
  const keptText = kept === 0 ? [] : [plural(kept, 'kept blob')]
  const skippedText = [plural(skipped, 'skipped resource'), 'blobs to which only skipped resources refer']
  if (skipped > 0 && proved === false)
    return [`The restore has skipped ${plural(skipped, 'resource')}.`, ...notChecked(keptText)]
  return notChecked([...(skipped === 0 ? [] : skippedText), ...keptText])
}

const LISTS = new Intl.ListFormat('en')

const notChecked = (parts: readonly string[]): string[] =>
  parts.length === 0 ? [] : [`Not checked: ${LISTS.format(parts)}.`]

const skippedIn = ({ skipped, models = {} }: Counts): number =>
  skipped ?? Object.values(models).reduce((total, counts) => total + (counts['skipped'] ?? 0), 0)

const countOf = (listed: { readonly count: number } | undefined): number => listed?.count ?? 0
