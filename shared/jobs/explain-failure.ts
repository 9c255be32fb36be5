import { isInternal, type Problem, problemOfWorkflow } from '../problems/problem.ts'
import { logger } from '../telemetry/telemetry.ts'
import type { JobStore } from './aws/job-store.ts'
import type { FailInput } from './messages.ts'

/** What a Distributed Map fails with, whichever error its child failed with. */
const CHILD_FAILED = 'States.ExceedToleratedFailureThreshold'

/**
 * Why a job failed: as the stage kept it that failed, else as the workflow carried it. What is our own trouble goes into the
 * log, under the id that the job shows.
 */
export const explainFailure = async (
  { jobs }: { readonly jobs: JobStore },
  { job_id, error }: FailInput,
): Promise<Problem> => {
  const kept = error.Error === CHILD_FAILED ? await jobs.lastFailure(job_id) : await jobs.failure(job_id, error.Error)
  const problem = kept ?? problemOfWorkflow(error)
  if (isInternal(problem))
    logger.error('a job failed', { job_id, request_id: problem['request_id'], error: error.Error, cause: error.Cause })
  return problem
}
