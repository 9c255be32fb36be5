/** Another restore of the model is running, or ended so recently that its writes may still arrive. */
export class RestoreRunningError extends Error {
  override readonly name = 'RestoreRunningError'
  readonly model: string
  readonly job_id: string
  /**
   * The time from which another restore can take the lease of the model, in ISO 8601. If the job renews its lease, this
   * time becomes later.
   */
  readonly until: string

  /** `reason` states what the job does, and when to retry. */
  constructor(model: string, jobId: string, until: string, reason: string) {
    super(`job ${jobId} ${reason}`)
    this.model = model
    this.job_id = jobId
    this.until = until
  }
}

/** A restore no longer holds the lease of its model. It stops writing, because another job may be writing now. */
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
