import type { Job } from './job.ts'
import { TooManyJobsError } from './job-errors.ts'

/** Far more than anyone runs by intention: a caller that starts jobs in a loop is told so before it costs much. */
const MAX_RUNNING = 100

/** Throws `TooManyJobsError` where as many jobs run as may. */
export const refuseTooMany = (running: readonly Job[]): void => {
  if (running.length >= MAX_RUNNING) throw new TooManyJobsError(running.length)
}
