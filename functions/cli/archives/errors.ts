import { isArchiveFault, locatedMessage } from '../../../shared/archive/errors.ts'

/** An archive, a resource or a blob that a command needs does not exist, or cannot be read. */
export class ArchiveUnavailableError extends Error {
  override readonly name = 'ArchiveUnavailableError'
}

/** There is no file, and no job or object in S3 either, with the name that the user has passed. */
export class NoSuchFileError extends ArchiveUnavailableError {}

/** The archive does not contain the model, resource, revision or blob that the user has named. */
export class NotInArchiveError extends ArchiveUnavailableError {}

/** A resource cannot be shown as JSON, for example because its text would be longer than a string of Node.js can be. */
export class UnshowableResourceError extends Error {
  override readonly name = 'UnshowableResourceError'
}

/** An archive is damaged. The message contains the name of the archive, and where the damage is. */
export class DamagedArchiveError extends Error {
  override readonly name = 'DamagedArchiveError'
  /** The damage and where it is, without the name of the archive. */
  readonly damage: string

  constructor(archive: string, cause: Error, advice?: string) {
    const damage = locatedMessage(cause)
    super(`${archive}: ${damage}${advice === undefined ? '' : `; ${advice}`}`, { cause })
    this.damage = damage
  }
}

/** The advice at the end of messages about damage, if the archive could be opened. */
export const VERIFY_ADVICE = 'run specstar-backup verify to check the whole archive'

/** Returns an error that names the archive, if `error` is an archive fault. Returns any other error as it is. */
export const damagedArchive = (error: unknown, archive: string, advice?: string): unknown =>
  isArchiveFault(error) ? new DamagedArchiveError(archive, error, advice) : error

/** An archive contains a resource or a blob twice, so its file exists already. */
export class RepeatedEntryError extends Error {
  override readonly name = 'RepeatedEntryError'
}
