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

/** What there may be only so many of at one time. A slot counts until what came into it has been restored. */
export type Bounded = 'running jobs' | 'slots'

/** So many jobs run, or slots are in use, that another one would only cost: those that are being made at this moment count too. */
export class TooManyJobsError extends Error {
  override readonly name = 'TooManyJobsError'
  readonly standing: number
  readonly running?: number
  readonly slots?: number

  constructor(bounded: Bounded, standing: number, starting: number, most: number) {
    super(
      bounded === 'running jobs'
        ? `${standing} jobs run and ${starting} more are being started, ${most} may; try again when some have ended`
        : `${standing} upload slots wait or are restored and ${starting} more are being opened, ${most} may; try again when some have ended, or cancel some`,
    )
    this.standing = standing
    if (bounded === 'running jobs') this.running = standing
    else this.slots = standing
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
