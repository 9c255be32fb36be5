import * as z from 'zod'
import type { WorkFile } from '../../jobs/work-files.ts'
import { CheckResult } from '../messages/finding.ts'
import { blobs } from './blobs.ts'
import type { VerificationCheck } from './check.ts'
import { content } from './content.ts'
import { counts } from './counts.ts'
import { references } from './references.ts'
import { revisions } from './revisions.ts'
import { search } from './search.ts'

const TABLE = [counts, content, references, blobs, revisions, search] as const

export type CheckName = (typeof TABLE)[number]['name']

/**
 * The checks of the verification, in the order of the report. To add a check, write its file and add the check to
 * `TABLE`.
 */
export const CHECKS: readonly VerificationCheck<CheckName>[] = TABLE
export const CHECK_NAMES: readonly CheckName[] = TABLE.map(({ name }) => name)

/** The results of all checks. */
export const CheckResults = z.record(z.enum(CHECK_NAMES), CheckResult).readonly()
export type CheckResults = z.output<typeof CheckResults>

/** Written by a pass of `verify`. */
export const CHECK_RESULTS: WorkFile<CheckResults, [n: number, attempt: string]> = {
  name: (n, attempt) => `check-results/${n}/${attempt}`,
  content: CheckResults,
}
