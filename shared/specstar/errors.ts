import { ArchiveInvalidError, ArchiveTruncatedError, EntryCorruptError } from '../archive/errors.ts'
import { quote } from '../values/message-text.ts'

/** The location of a record in a stream. Every error about a record contains it. */
export interface StreamLocation {
  /** The number of the record, counted from 1. */
  readonly number: number
  /** The byte at which the record starts. */
  readonly offset: number
}

const locationText = ({ number, offset }: StreamLocation): string => `record ${number} at byte ${offset}`

export const invalidRecord = (location: StreamLocation, reason: string): ArchiveInvalidError =>
  new ArchiveInvalidError(`${locationText(location)}: ${reason}`)

export const truncatedRecord = (location: StreamLocation, reason: string): ArchiveTruncatedError =>
  new ArchiveTruncatedError(`${locationText(location)}: ${reason}`)

/** Returns an error for a wrong XXH3-128. `content` is the part of the record to which the hash belongs. */
export const corruptRecord = (
  location: StreamLocation,
  content: string,
  expected: string,
  actual: string,
): EntryCorruptError => new EntryCorruptError(`${locationText(location)} (${content})`, expected, actual, 'xxh3_128')

/** Returns an error for a resource that occurs twice. `first` is the location of its first occurrence. */
export const repeatedResource = (
  location: StreamLocation,
  resourceId: string,
  first: StreamLocation,
): ArchiveInvalidError =>
  invalidRecord(location, `resource ${quote(resourceId)} occurs twice, first at byte ${first.offset}`)

/** Returns an error for a resource without its current revision. `location` is that of its metadata. */
export const missingCurrentRevision = (
  location: StreamLocation,
  resourceId: string,
  currentRevisionId: string,
): ArchiveInvalidError =>
  invalidRecord(
    location,
    `resource ${quote(resourceId)} does not contain its current revision ${quote(currentRevisionId)}`,
  )

/** Returns an error for a revision of a resource whose metadata the stream does not contain. */
export const missingMetadata = (
  location: StreamLocation,
  model: string,
  resourceId: string,
  revisionId: string,
): ArchiveInvalidError =>
  invalidRecord(
    location,
    `revision ${quote(revisionId)} belongs to resource ${quote(resourceId)} of model ${model},` +
      ' but the stream contains no metadata of this resource',
  )
