import type { OpenArchive } from '../../archive/archive.ts'
import { readEntries, readIndex } from '../../archive/segment-reader.ts'

/**
 * Reads a segment from its start to its end, which checks every byte, including the frames. It is needed for a segment
 * that took several passes. Each of these passes checked only the contents that it read, and none checked all frames.
 */
export const readThrough = async (archive: OpenArchive, segment: number): Promise<void> => {
  const opened = archive.segments[segment]
  if (opened === undefined) throw new Error(`the archive has no segment ${segment}`)
  // Without a read here, the reader itself reads and checks the contents before it returns the next entry.
  const entries = readEntries(archive, opened, await readIndex(archive, opened))
  while ((await entries.next()).done !== true);
}
