import type { OpenArchive } from '../../archive/archive.ts'
import { readEntries, readIndex } from '../../archive/segment-reader.ts'

/**
 * Reads a whole segment and verifies every byte, including the tar headers and padding. This is needed if several
 * passes have read parts of the segment, because each pass verified only the contents that it read.
 */
export const readThrough = async (archive: OpenArchive, segment: number): Promise<void> => {
  const opened = archive.segments[segment]
  if (opened === undefined) throw new Error(`the archive has no segment ${segment}`)
  // This loop does not read the contents. The reader verifies the content of each entry before it returns the next
  // entry.
  const entries = readEntries(archive, opened, await readIndex(archive, opened))
  while ((await entries.next()).done !== true);
}
