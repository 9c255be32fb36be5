import { ArchiveInvalidError, ArchiveTruncatedError, atByte, EntryCorruptError } from '../archive/errors.ts'

/** The location of a record in a stream. Every error about a record contains its location. */
export interface StreamLocation {
  /** The number of the record, counted from 1. */
  readonly number: number
  /** The byte at which the record starts. */
  readonly offset: number
}

/** Returns the reason for which a record cannot be restored, with the location of the record. */
export const locatedReason = (location: StreamLocation, reason: string): string =>
  `${locationText(location)}: ${reason}`

const locationText = ({ number, offset }: StreamLocation): string => `record ${number} at byte ${offset}`

export const invalidRecord = (location: StreamLocation, reason: string): ArchiveInvalidError =>
  atByte(location.offset, new ArchiveInvalidError(locatedReason(location, reason)))

export const truncatedRecord = (location: StreamLocation, reason: string): ArchiveTruncatedError =>
  atByte(location.offset, new ArchiveTruncatedError(locatedReason(location, reason)))

/** Returns an error for content that does not match its XXH3-128. `content` describes this part of the record. */
export const corruptRecord = (
  location: StreamLocation,
  content: string,
  expected: string,
  actual: string,
): EntryCorruptError => {
  const entry = `${locationText(location)} (${content})`
  const error = new EntryCorruptError(entry, expected, actual, { algorithm: 'xxh3_128', subject: entry })
  return atByte(location.offset, error)
}
