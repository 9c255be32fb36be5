/** The request to AWS that failed with an error. */
export interface AwsOperation {
  /** The name of the operation, such as `GetObject`. */
  readonly command: string
  /** The bucket or the table, such as `bucket specstar-archives`. Absent if the request names none. */
  readonly target?: string
}

/**
 * The operations of failed requests. Errors of AWS do not contain the bucket or the table in a form that can be shown to
 * callers. Errors are not changed, because other code compares and logs them.
 */
const operations = new WeakMap<Error, AwsOperation>()

/** Stores the operation that failed with an error. If an operation is already stored, keeps it. */
export const keepAwsOperation = (error: unknown, operation: AwsOperation): void => {
  if (error instanceof Error && !operations.has(error)) operations.set(error, operation)
}

/** Returns the operation that failed with an error, or undefined if it is not known. */
export const awsOperationOf = (error: Error): AwsOperation | undefined => operations.get(error)
