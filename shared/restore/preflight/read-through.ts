import type { OpenArchive } from '../../archive/archive.ts'
import { readEntries, readIndex } from '../../archive/segment-reader.ts'

/**
 * Reads a segment from its start to its end. This checks every byte, including the frames. It is needed if several
 * passes have read the segment, because each of them checked only the contents that it read.
 */
export const readThrough = async (archive: OpenArchive, segment: number): Promise<void> => {
  const opened = archive.segments[segment]
  if (opened === undefined) throw new Error(`the archive has no segment ${segment}`)
  // This loop does not read the contents. The reader reads and checks each content before it returns the next entry.
  const entries = readEntries(archive, opened, await readIndex(archive, opened))
  while ((await entries.next()).done !== true);
}
