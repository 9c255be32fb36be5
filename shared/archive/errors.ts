/** The object is neither a tar nor another format that can be restored. */
export class NotAnArchiveError extends Error {
  override readonly name = 'NotAnArchiveError'

  constructor(reason: string) {
    super(`not an .acbak archive: ${reason}`)
  }
}

/** The archive has a version that this release cannot restore. */
export class UnsupportedVersionError extends Error {
  override readonly name = 'UnsupportedVersionError'
  readonly version: number

  constructor(version: number, subject = 'the archive') {
    super(`${subject} has version ${version}; only versions 2 (SpecStar's stream) and 3 can be restored`)
    this.version = version
  }
}

/** The end of the archive is missing. The archive was truncated, or its writer did not finish. */
export class ArchiveTruncatedError extends Error {
  override readonly name = 'ArchiveTruncatedError'

  constructor(reason: string) {
    super(`the archive is truncated: ${reason}`)
  }
}

interface CorruptionOptions {
  /** The name of the checksum. */
  readonly algorithm?: string
  /** The subject of the message, if the damaged bytes are not those of one entry. */
  readonly subject?: string
}

/** The bytes of an entry do not match the checksum that the archive contains for them. */
export class EntryCorruptError extends Error {
  override readonly name = 'EntryCorruptError'
  readonly entry: string
  readonly expected: string
  readonly actual: string

  constructor(
    entry: string,
    expected: string,
    actual: string,
    { algorithm = 'sha256', subject = `entry ${entry}` }: CorruptionOptions = {},
  ) {
    super(`${subject} is corrupt: expected ${algorithm} ${expected}, found ${actual}`)
    this.entry = entry
    this.expected = expected
    this.actual = actual
  }
}

/** The archive violates a rule of the format (`FORMAT.md`). `reason` contains the entry and the rule. */
export class ArchiveInvalidError extends Error {
  override readonly name: string = 'ArchiveInvalidError'

  constructor(reason: string) {
    super(`the archive is invalid: ${reason}`)
  }
}

/** The location of a record in an archive. */
export interface RecordLocation {
  /** The path of the chunk. */
  readonly entry?: string
  /** The number of the line in the chunk, from 1. */
  readonly line?: number
}

/** A record line is malformed, or its item violates a rule of DynamoDB or of the store. */
export class RecordInvalidError extends ArchiveInvalidError {
  override readonly name = 'RecordInvalidError'
  readonly reason: string
  readonly entry: string | undefined
  readonly line: number | undefined

  constructor(reason: string, { entry, line }: RecordLocation = {}) {
    const record = line === undefined ? 'a record' : `line ${line}`
    super(`${record}${entry === undefined ? '' : ` of entry ${entry}`}: ${reason}`)
    this.reason = reason
    this.entry = entry
    this.line = line
  }
}

/** Calls `read` and returns its result. If `read` throws `RecordInvalidError`, returns the reason. */
export const resultOrFault = <Result>(
  read: () => Result,
): { readonly result: Result; readonly fault?: undefined } | { readonly fault: string } => {
  try {
    return { result: read() }
  } catch (error) {
    if (error instanceof RecordInvalidError) return { fault: error.reason }
    throw error
  }
}

/** Calls `read` and returns its result. If `read` throws an archive fault, returns the fault. */
export const resultOrArchiveFault = async <Result>(read: () => Promise<Result>): Promise<Result | Error> => {
  try {
    return await read()
  } catch (error) {
    if (isArchiveFault(error)) return error
    throw error
  }
}

/** Returns true if an error means that the bytes of an archive are damaged, or are no archive. */
export const isArchiveFault = (error: unknown): error is Error =>
  error instanceof NotAnArchiveError ||
  error instanceof UnsupportedVersionError ||
  error instanceof ArchiveTruncatedError ||
  error instanceof EntryCorruptError ||
  error instanceof ArchiveInvalidError

/**
 * The byte of the archive at which the damage of each error begins. The errors do not have it as a member, because
 * problem documents contain members of errors.
 */
const offsets = new WeakMap<Error, number>()

/**
 * Records the byte of the archive at which damage begins, and returns the error. If a byte was recorded before, keeps it,
 * because the function that has found the damage knows its position best. Does nothing with an error that is not an
 * archive fault.
 *
 * @example
 * throw atByte(start, new ArchiveInvalidError('the padding must be zero bytes'))
 */
export const atByte = <Thrown>(offset: number, error: Thrown): Thrown => {
  if (isArchiveFault(error) && !offsets.has(error)) offsets.set(error, offset)
  return error
}

/** Calls `read`. If it throws an archive fault for which no byte was recorded, records `offset`. */
export const locateFaults = async <Result>(offset: number, read: () => Promise<Result> | Result): Promise<Result> => {
  try {
    return await read()
  } catch (error) {
    throw atByte(offset, error)
  }
}

/** Returns the byte of the archive at which the damage begins. Undefined if it is unknown. */
export const offsetOfFault = (fault: Error): number | undefined => offsets.get(fault)

/** Returns the message of an archive fault, with the byte at which the damage begins. */
export const locatedMessage = (fault: Error): string => messageAtByte(fault.message, offsetOfFault(fault))

/** Adds the byte of the archive at which damage begins to a message, unless the message already contains it. */
export const messageAtByte = (message: string, offset: number | undefined): string =>
  offset === undefined || new RegExp(`\\bat byte ${offset}\\b`).test(message)
    ? message
    : `${message} (at byte ${offset} of the archive)`
