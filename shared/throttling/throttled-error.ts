/** The call to AWS that was throttled. */
export interface ThrottledCall {
  /** The name of the AWS service, such as `DynamoDB`. */
  readonly service: string
  /** The name of the operation, such as `Query`. */
  readonly operation: string
  /** The table or the bucket, such as `table specstar-resources`. Absent if the request contains neither. */
  readonly target?: string
}

/**
 * AWS throttled a call until no time was left to try again. The workflow repeats the step that failed with this error,
 * so the job goes on. `cause` is the last error of AWS.
 */
export class ThrottledError extends Error {
  override readonly name = 'ThrottledError'
  readonly service: string
  readonly operation: string
  readonly target: string | undefined
  /** The time in milliseconds from the first attempt of the call to this error. */
  readonly waited_ms: number

  constructor({ service, operation, target }: ThrottledCall, waitedMs: number, cause: unknown) {
    const on = target === undefined ? '' : ` on ${target}`
    super(
      `${service} throttled the operation ${operation}${on} for ${(waitedMs / 1_000).toFixed(1)} seconds, ` +
        'and the time limit for further attempts is reached. ' +
        'If this is a step of a job, the workflow tries the step again later. Otherwise, repeat the request later',
      { cause },
    )
    this.service = service
    this.operation = operation
    this.target = target
    this.waited_ms = waitedMs
  }
}
