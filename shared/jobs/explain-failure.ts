import { isInternal, type Problem, problemOfWorkflow } from '../problems/problem.ts'
import { logger } from '../telemetry/telemetry.ts'
import type { JobStore } from './aws/job-store.ts'
import type { FailInput } from './messages.ts'

/** The error of a Distributed Map, whichever error its child failed with. */
const CHILD_FAILED = 'States.ExceedToleratedFailureThreshold'

/**
 * The problem that a job failed with: the one that the failing stage kept; otherwise the error that the workflow reports. Internal
 * errors are logged under the request id that the problem shows.
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
