import type { OpenArchive } from '../../archive/archive.ts'
import { readEntries, readIndex } from '../../archive/segment-reader.ts'

/**
 * Reads a segment from its start to its end, so that every byte is checked, frames included. For segments that took
 * several passes: each pass has checked its contents, and none has seen the whole frame.
 */
export const readThrough = async (archive: OpenArchive, segment: number): Promise<void> => {
  const opened = archive.segments[segment]
  if (opened === undefined) throw new Error(`the archive has no segment ${segment}`)
  // Contents that nobody takes are read and checked by the reader itself.
  const entries = readEntries(archive, opened, await readIndex(archive, opened))
  while ((await entries.next()).done !== true);
}
