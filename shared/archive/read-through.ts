import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { readEntries, readIndex } from './segment-reader.ts'

/**
 * Reads a whole segment and verifies every byte, including the tar headers and padding. This is needed if several
 * passes have read parts of the segment, because each pass verified only the contents that it read.
 */
export const readThrough = async (archive: OpenArchive, segment: ArchiveSegment): Promise<void> => {
  // This loop does not read the contents. The reader verifies the content of each entry before it returns the next
  // entry.
  const entries = readEntries(archive, segment, await readIndex(archive, segment))
  while ((await entries.next()).done !== true);
}
