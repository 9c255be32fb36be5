import type { ArchiveSegment } from './archive.ts'
import type { IndexLine } from './index-line.ts'
import { paddedSize } from './tar-header.ts'

/**
 * Returns the byte of the archive at which the damage of an entry begins: at its content, or at its first tar header if
 * the error is about this header.
 */
export const damageOffset = (
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  entry: IndexLine,
  { message }: Error,
): number => {
  if (segment.walked !== undefined || !message.includes(`the tar header of entry ${entry.path} `))
    return segment.offset + entry.offset
  const previous = index[index.indexOf(entry) - 1]
  return segment.offset + (previous === undefined ? 0 : previous.offset + paddedSize(previous.size))
}
