/** Another restore of the model is running, or ended so recently that its writes may still arrive. */
export class RestoreRunningError extends Error {
  override readonly name = 'RestoreRunningError'
  readonly model: string
  readonly job_id: string
  /** ISO 8601: when the model becomes free at the latest, unless that job is still running. */
  readonly until: string

  constructor(model: string, jobId: string, until: string) {
    super(`job ${jobId} is restoring model ${model}; retry when it has ended, or at ${until}`)
    this.model = model
    this.job_id = jobId
    this.until = until
  }
}

/** A restore no longer holds the lease on its model. It stops writing, because another job may write now. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
  readonly model: string
  readonly job_id: string

  constructor(model: string, jobId: string, reason: string) {
    super(`job ${jobId} lost its lease on model ${model}: ${reason}`)
    this.model = model
    this.job_id = jobId
  }
}
