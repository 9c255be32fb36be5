/**
 * The problem types that show that an archive is damaged. After any other problem, for example if a stage was throttled
 * or a model is not registered, it is unknown whether the archive is intact. This includes `unsupported-version`,
 * because a later release may have written the archive.
 */
export const ARCHIVE_DAMAGE: readonly string[] = [
  'not-an-archive',
  'archive-truncated',
  'archive-invalid',
  'entry-corrupt',
]
