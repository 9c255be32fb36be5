import { openArchive } from '../../../../shared/archive/open.ts'
import { isSpecStarStream, STREAM_HEAD_BYTES } from '../../../../shared/archive/specstar-stream.ts'
import type { ArchiveSource } from '../../../../shared/archive/archive.ts'
import type { ArchiveContents } from './contents.ts'
import { SegmentContents } from './segment-contents.ts'
import { StreamContents } from './stream-contents.ts'
import type { Selection } from './stream-scan.ts'

/** Returns true if a source is a stream of SpecStar, and false if it may be an archive of version 3. */
export const isStream = async (source: ArchiveSource): Promise<boolean> =>
  isSpecStarStream(await source.read(0, Math.min(STREAM_HEAD_BYTES, source.size)))

/**
 * Opens the content of an archive. A caller that needs only some resources passes a `selection`, because the other
 * records of a stream are then not sorted. The caller must close the content, and after it the source.
 */
export const openContents = async (source: ArchiveSource, selection?: Selection): Promise<ArchiveContents> =>
  (await isStream(source)) ? new StreamContents(source, selection) : new SegmentContents(await openArchive(source))
