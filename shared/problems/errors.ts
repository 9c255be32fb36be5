import { errorMessage } from '../values/error-message.ts'

/** The disk on which the local program keeps its data has no space left. */
class StorageFullError extends Error {
  override readonly name = 'StorageFullError'

  constructor(cause: unknown) {
    super(
      `the disk is full (${errorMessage(cause)}). Free space on the disk of the data folder, then repeat the request`,
      { cause },
    )
  }
}

/** AWS or the operating system denied access that the program needs. */
class AccessDeniedError extends Error {
  override readonly name = 'AccessDeniedError'

  constructor(cause: unknown) {
    super(
      `access was denied: ${errorMessage(cause)}. On AWS, allow the access in the policies of the role, the bucket, ` +
        'the table and the key. In the local program, allow it in the permissions of the data folder. ' +
        'Then repeat the request',
      { cause },
    )
  }
}

/** The codes of errors of Node.js, and the names of errors of AWS and of the local services. */
const STORAGE_FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'StorageFull']
const DENIED: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS', 'AccessDenied', 'AccessDeniedException']

/** The number of nested causes that are searched. */
const MAX_DEPTH = 5

/**
 * Returns an error that describes the cause of an unknown error, if an operator can remove this cause. Such causes are
 * a full disk and denied access. Returns undefined for any other error.
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
