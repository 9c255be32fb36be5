/** An archive, a resource or a blob that a command needs does not exist, or cannot be read. */
export class ArchiveUnavailableError extends Error {
  override readonly name = 'ArchiveUnavailableError'
}

/** An archive is damaged. The message contains the name of the archive, and where the damage is. */
export class DamagedArchiveError extends Error {
  override readonly name = 'DamagedArchiveError'
}
