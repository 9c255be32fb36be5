/** Thrown if Ctrl-C has ended the command. The message says what happens to its job. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  /** The job that goes on, if one does. */
  readonly jobId: string | undefined

  constructor(message: string, jobId?: string) {
    super(message)
    this.jobId = jobId
  }
}
