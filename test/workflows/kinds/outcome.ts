import type { ExportJob, RestoreJob } from '../../../shared/jobs/job.ts'
import type { Problem } from '../../../shared/problems/problem.ts'

/** The outcomes of one kind of broken store or archive, as cells of a table. */
export interface Outcomes {
  readonly strictExport: string
  readonly lenientExport: string
  readonly dryRun: string
  readonly restore: string
  readonly lenientRestore: string
  readonly verification: string
}

/** The cell for an operation that does not exist for a kind, or that was not done. */
export const NONE = '–'

export const problemText = ({ status, type }: Problem): string => `${status} ${type}`

/** Returns what a job has not exported or restored, or the problem with which it has failed. */
export const findingsText = (job: ExportJob | RestoreJob): string => {
  const { error, result } = job
  if (error !== undefined) return problemText(error)
  const counts: readonly (readonly [count: number | undefined, what: string])[] = [
    [result?.left_out?.count, 'left out'],
    [result?.missing_blobs?.count, 'missing'],
    [job.kind === 'export' ? job.result?.unaccounted?.count : undefined, 'unaccounted'],
    [result?.not_found?.count, 'not found'],
    [result?.excluded?.count, 'excluded'],
  ]
  return counts.flatMap(([count, what]) => (count === undefined || count === 0 ? [] : [`${count} ${what}`])).join(', ')
}

/** Returns the status of a job and its findings. The status of a failed job is that of its problem. */
export const jobText = (job: ExportJob | RestoreJob): string => {
  const findings = findingsText(job)
  if (job.error !== undefined) return findings
  return findings === '' ? job.status : `${job.status}, ${findings}`
}

/** Returns the result of the verification of a restore. */
export const verificationText = ({ result }: RestoreJob): string => {
  const { verification } = result ?? {}
  if (verification === undefined) return NONE
  const { passed, proved } = verification
  if (!passed) return 'failed'
  return proved === true ? 'passed' : 'passed, not proved'
}
