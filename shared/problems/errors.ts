import { errorMessage } from '../values/error-message.ts'
import { awsOperationOf } from './aws-operation.ts'

/** The disk with the data of the local program has no space left. */
class StorageFullError extends Error {
  override readonly name = 'StorageFullError'

  constructor(cause: unknown) {
    super(
      `the disk is full (${errorMessage(cause)}). Free space on the disk of the data folder, then repeat the request`,
      { cause },
    )
  }
}

/**
 * AWS or the operating system denied access that the program needs. The message does not contain the message of the
 * cause, because messages of AWS contain ARNs and account ids. Callers must log the cause.
 */
class AccessDeniedError extends Error {
  override readonly name = 'AccessDeniedError'

  constructor(cause: Error) {
    super(`${deniedOperation(cause)}. The log contains the original error. After that, repeat the request`, { cause })
  }
}

/** Returns a description of the denied access, and of what an operator must do. */
const deniedOperation = (cause: Error): string => {
  if ('code' in cause && FILE_DENIED.includes(cause.code))
    return (
      `the operating system denied access to a file of the local program (${String(cause.code)}). ` +
      'An operator must allow the user of the program to read and write its data folder'
    )
  const operation = awsOperationOf(cause)
  const denied = operation === undefined ? 'a request' : `the operation ${operation.command}`
  const target = operation?.target
  return (
    `AWS denied ${denied}${target === undefined ? '' : ` on ${target}`}. ` +
    `An operator must allow it in the policy of the function's role, in the policy of ${target ?? 'the resource'}, ` +
    'and, if the data is encrypted with a customer-managed key, in the policy of the key'
  )
}

/** The codes of Node.js errors, and the names of errors of AWS and of the local services. */
const STORAGE_FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'StorageFull']
const FILE_DENIED: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS']
const DENIED: readonly unknown[] = [...FILE_DENIED, 'AccessDenied', 'AccessDeniedException']

/** The number of nested causes that are searched. */
const MAX_DEPTH = 5

/**
 * If an error was caused by a full disk or by denied access, returns an error that tells an operator what to do.
 * Returns undefined for any other error.
 */
export const actionableError = (error: unknown, depth = 0): StorageFullError | AccessDeniedError | undefined => {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return undefined
  const names: readonly unknown[] = [error.name, 'code' in error ? error.code : undefined]
  if (names.some((name) => STORAGE_FULL.includes(name))) return new StorageFullError(error)
  if (names.some((name) => DENIED.includes(name)) || isForbidden(error)) return new AccessDeniedError(error)
  return actionableError(error.cause, depth + 1)
}

/** Returns true if AWS responded with 403. The response to a HEAD request contains no other information. */
const isForbidden = (error: Error): boolean => {
  if (!('$metadata' in error)) return false
  const { $metadata } = error
  return (
    typeof $metadata === 'object' &&
    $metadata !== null &&
    'httpStatusCode' in $metadata &&
    $metadata.httpStatusCode === 403
  )
}
