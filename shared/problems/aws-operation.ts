/** The request to AWS that failed with an error. */
export interface AwsOperation {
  /** The name of the operation, such as `GetObject`. */
  readonly command: string
  /** The bucket or the table, such as `bucket specstar-archives`. Absent if the request contains neither. */
  readonly target?: string
}

/**
 * The operations of failed requests, by error. They are needed, because errors of AWS do not contain the bucket or the
 * table in a form that callers may see. They are stored here, because other code compares and logs the errors, which
 * must not be changed.
 */
const operations = new WeakMap<Error, AwsOperation>()

/**
 * Stores the operation that failed with an error. If an operation is already stored for this error, keeps that
 * operation.
 */
export const keepAwsOperation = (error: unknown, operation: AwsOperation): void => {
  if (error instanceof Error && !operations.has(error)) operations.set(error, operation)
}

/** Returns the operation that failed with an error, or undefined if the operation is unknown. */
export const awsOperationOf = (error: Error): AwsOperation | undefined => operations.get(error)
