/** Another restore of the model is under way, or has stopped so lately that writes of its may still arrive. */
export class RestoreRunningError extends Error {
  override readonly name = 'RestoreRunningError'
  readonly model: string
  readonly job_id: string
  /** ISO 8601: when the model is free at the latest, unless that job goes on. */
  readonly until: string

  constructor(model: string, jobId: string, until: string) {
    super(`model ${model} is being restored by job ${jobId}; try again when it has ended, or at ${until}`)
    this.model = model
    this.job_id = jobId
    this.until = until
  }
}

/** A restore no longer holds its model: someone else may write there. Nothing further is written. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
  readonly model: string
  readonly job_id: string

  constructor(model: string, jobId: string, why: string) {
    super(`job ${jobId} lost its lease of model ${model}: ${why}`)
    this.model = model
    this.job_id = jobId
  }
}
