import { ObjectChangedError } from '../objects/errors.ts'
import {
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  UnsupportedVersionError,
} from './errors.ts'

const DEFECTS = [
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  ObjectChangedError,
  UnsupportedVersionError,
]

/**
 * Returns true if an archive cannot be read because it is damaged or has another version, or because its object was
 * replaced or deleted after it was listed. After any other error, such as a timeout, the state of the archive is
 * unknown.
 */
export const isArchiveDefect = (error: unknown): boolean => DEFECTS.some((kind) => error instanceof kind)
