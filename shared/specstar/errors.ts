import { ArchiveInvalidError, ArchiveTruncatedError, EntryCorruptError } from '../archive/errors.ts'

/** A record of a stream: its number, from 1, and the byte where it begins. */
export interface RecordWhere {
  readonly number: number
  readonly offset: number
}

const text = ({ number, offset }: RecordWhere): string => `record ${number} at byte ${offset}`

export const invalidRecord = (where: RecordWhere, reason: string): ArchiveInvalidError =>
  new ArchiveInvalidError(`${text(where)}: ${reason}`)

export const truncatedRecord = (where: RecordWhere, reason: string): ArchiveTruncatedError =>
  new ArchiveTruncatedError(`${text(where)}: ${reason}`)

export const corruptRecord = (where: RecordWhere, what: string, expected: string, actual: string): EntryCorruptError =>
  new EntryCorruptError(`${text(where)} (${what})`, expected, actual, 'xxh3_128')
