import { isInternal, type Problem, problemOfWorkflow } from '../problems/problem.ts'
import { logger } from '../telemetry/telemetry.ts'
import type { JobStore } from './aws/job-store.ts'
import type { FailInput } from './messages.ts'

/** The error that a Distributed Map reports if a map item fails. It does not contain the error of the map item. */
const CHILD_FAILED = 'States.ExceedToleratedFailureThreshold'

/**
 * Returns the problem that the failed stage has stored. If no stage has stored a problem, creates a problem from the
 * error that the workflow reports. An internal error is logged with the request id of the problem.
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
