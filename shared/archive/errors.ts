/** The bytes are neither a tar nor anything else that is known here. */
export class NotAnArchiveError extends Error {
  override readonly name = 'NotAnArchiveError'

  constructor(what: string) {
    super(`not an .acbak archive: ${what}`)
  }
}

/** An archive of a version that cannot be read. Version 2 is SpecStar's length-prefixed msgpack stream, which a restore converts. */
export class UnsupportedVersionError extends Error {
  override readonly name = 'UnsupportedVersionError'
  readonly version: number

  constructor(version: number, what = 'the archive') {
    super(`${what} is of version ${version}; versions 2 (SpecStar's stream) and 3 can be restored`)
    this.version = version
  }
}

/** The archive ends too early: it was cut, or never finished. */
export class ArchiveTruncatedError extends Error {
  override readonly name = 'ArchiveTruncatedError'

  constructor(what: string) {
    super(`the archive is truncated: ${what}`)
  }
}

/** Bytes whose checksum is another than the archive says. */
export class EntryCorruptError extends Error {
  override readonly name = 'EntryCorruptError'
  readonly entry: string
  readonly expected: string
  readonly actual: string

  constructor(entry: string, expected: string, actual: string, algorithm = 'sha256') {
    super(`entry ${entry}: expected ${algorithm} ${expected}, found ${actual}`)
    this.entry = entry
    this.expected = expected
    this.actual = actual
  }
}

/** The archive breaks a rule of the format (`FORMAT.md`). `what` names the place and the rule. */
export class ArchiveInvalidError extends Error {
  override readonly name: string = 'ArchiveInvalidError'

  constructor(what: string) {
    super(`the archive is invalid: ${what}`)
  }
}

/** Where a record stands: the chunk's path and the line in it, from 1. */
export interface RecordWhere {
  readonly entry?: string
  readonly line?: number
}

/** A record line that is malformed, or an item that DynamoDB or the store would not take. */
export class RecordInvalidError extends ArchiveInvalidError {
  override readonly name = 'RecordInvalidError'
  readonly reason: string
  readonly entry: string | undefined
  readonly line: number | undefined

  constructor(reason: string, { entry, line }: RecordWhere = {}) {
    const place = `${entry === undefined ? '' : ` of ${entry}`}${line === undefined ? '' : `, line ${line}`}`
    super(`record${place}: ${reason}`)
    this.reason = reason
    this.entry = entry
    this.line = line
  }
}
