import { blobPosition } from '../blobs/blob-references.ts'
import { buffersOf } from '../values/buffers-of.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { EntryFinder, type FoundEntry } from './entry-finder.ts'
import type { IndexLine } from './index-line.ts'
import { readEntries, readIndex } from './segment-reader.ts'

/** The index line of a blob. */
type BlobLine = Extract<IndexLine, { readonly kind: 'blob' }>

/** A blob of an archive. */
export type ArchivedBlob = FoundEntry<BlobLine>

const blobSegments = ({ segments }: OpenArchive): readonly ArchiveSegment[] =>
  segments.filter(({ model }) => model === undefined)

const isBlob = (line: IndexLine): line is BlobLine => line.kind === 'blob'

/** Returns all blobs of an archive, in batches, in the order of the archive. Reads only the indexes. */
export async function* archivedBlobs(archive: OpenArchive): AsyncGenerator<ArchivedBlob[]> {
  for (const segment of blobSegments(archive)) {
    const index = await readIndex(archive, segment)
    const blobs = index.filter(isBlob)
    if (blobs.length > 0) yield blobs.map((entry) => ({ segment, entry }))
  }
}

/**
 * Returns the blob with this file id, or undefined if the archive does not contain it. The segments are sorted, so they
 * are searched by bisection: about log2 of their number of indexes are read. Further searches with the same finder read
 * fewer indexes.
 */
export const findArchivedBlob = (
  archive: OpenArchive,
  fileId: string,
  finder = new EntryFinder(archive),
): Promise<ArchivedBlob | undefined> =>
  finder.find(blobPosition(fileId), (line): line is BlobLine => isBlob(line) && line.file_id === fileId)

/**
 * Reads the content of a blob, in pieces. Throws `EntryCorruptError` after the last piece if the checksum is wrong, so
 * the caller must not rely on the pieces before the iteration has ended.
 */
export async function* readArchivedBlob(
  archive: OpenArchive,
  { segment, entry }: ArchivedBlob,
): AsyncGenerator<Buffer> {
  for await (const { content } of readEntries(archive, segment, [entry], { from: 0 })) yield* buffersOf(content)
}
