export class UnknownJobError extends Error {
  override readonly name = 'UnknownJobError'
  readonly job_id: string

  constructor(jobId: string) {
    super(`there is no job ${jobId}; jobs are kept 90 days`)
    this.job_id = jobId
  }
}

/** The same `Idempotency-Key` came with other parameters, or another body. */
export class IdempotencyMismatchError extends Error {
  override readonly name = 'IdempotencyMismatchError'
  readonly job_id: string

  constructor(jobId: string) {
    super(`this Idempotency-Key was used for job ${jobId} with other parameters; take a new key`)
    this.job_id = jobId
  }
}

/** So many jobs run, or are being started at this moment, that another one would only wait for them. */
export class TooManyJobsError extends Error {
  override readonly name = 'TooManyJobsError'
  readonly running: number

  constructor(running: number, starting: number, most: number) {
    super(`${running} jobs run and ${starting} more are being started, ${most} may; try again when some have ended`)
    this.running = running
  }
}

/** A job is not in a state for what was asked: it has ended, it was cancelled, it has no archive. */
export class JobStateError extends Error {
  override readonly name = 'JobStateError'
  readonly job_status: string

  constructor(jobId: string, status: string, why: string) {
    super(`job ${jobId} is ${status}: ${why}`)
    this.job_status = status
  }
}
