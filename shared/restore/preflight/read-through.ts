import type { OpenArchive } from '../../archive/archive.ts'
import { readEntries, readIndex } from '../../archive/segment-reader.ts'

/**
 * Reads a segment from its start to its end, which checks every byte of it, frames included. Called for a segment that
 * took several passes: each pass checked the contents that it read, but none of them the whole frame.
 */
export const readThrough = async (archive: OpenArchive, segment: number): Promise<void> => {
  const opened = archive.segments[segment]
  if (opened === undefined) throw new Error(`the archive has no segment ${segment}`)
  // The reader itself reads and checks contents that the caller does not read.
  const entries = readEntries(archive, opened, await readIndex(archive, opened))
  while ((await entries.next()).done !== true);
}
