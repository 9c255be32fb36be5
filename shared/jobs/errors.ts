export class UnknownJobError extends Error {
  override readonly name = 'UnknownJobError'
  readonly job_id: string

  constructor(jobId: string) {
    super(`there is no job ${jobId}; jobs are kept for 90 days`)
    this.job_id = jobId
  }
}

/** The same `Idempotency-Key` was sent before with other parameters or another body. */
export class IdempotencyMismatchError extends Error {
  override readonly name = 'IdempotencyMismatchError'
  readonly job_id: string

  constructor(jobId: string) {
    super(`this Idempotency-Key was used for job ${jobId} with other parameters; use a new key`)
    this.job_id = jobId
  }
}

/** What is limited in number. An upload slot counts until the restore of its archive has ended. */
export type LimitedKind = 'running jobs' | 'slots'

/** The limit of running jobs or upload slots is reached. Those that are being created at this moment count too. */
export class TooManyJobsError extends Error {
  override readonly name = 'TooManyJobsError'
  /** Running jobs or used slots, without those that are being created. */
  readonly existing: number
  readonly running?: number
  readonly slots?: number

  constructor(kind: LimitedKind, existing: number, creating: number, limit: number) {
    super(
      kind === 'running jobs'
        ? `${existing} jobs are running and ${creating} more are starting; at most ${limit} may run at the same time. Retry when some have ended`
        : `${existing} upload slots are in use and ${creating} more are being opened; at most ${limit} may be in use at the same time. ` +
            'Retry when some have ended, or cancel some',
    )
    this.existing = existing
    if (kind === 'running jobs') this.running = existing
    else this.slots = existing
  }
}

/** The status of a job does not allow the request: it has ended, it was cancelled, or it has no archive. */
export class JobStateError extends Error {
  override readonly name = 'JobStateError'
  readonly job_status: string

  constructor(jobId: string, status: string, reason: string) {
    super(`job ${jobId} with status ${status} does not allow this request: ${reason}`)
    this.job_status = status
  }
}

/** A job has ended, so its stages stop. */
export class JobCancelledError extends Error {
  override readonly name = 'JobCancelledError'

  constructor(jobId: string, status: string) {
    super(`job ${jobId} is ${status}: its remaining stages do not run`)
  }
}
