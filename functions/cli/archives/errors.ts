/** An archive, a resource or a blob that a command needs does not exist, or cannot be read. */
export class ArchiveUnavailableError extends Error {
  override readonly name = 'ArchiveUnavailableError'
}
