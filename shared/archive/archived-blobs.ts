import { blobPosition } from '../blobs/blob-references.ts'
import { buffersOf } from '../values/buffers-of.ts'
import { must } from '../values/must.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { entrySortKey, type IndexLine } from './index-line.ts'
import { readEntries, readIndex } from './segment-reader.ts'

/** The index line of a blob. */
type BlobLine = Extract<IndexLine, { readonly kind: 'blob' }>

/** A blob of an archive. */
export interface ArchivedBlob {
  readonly segment: ArchiveSegment
  readonly entry: BlobLine
}

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
 * are searched by bisection: about log2 of their number of indexes are read.
 */
export const findArchivedBlob = async (archive: OpenArchive, fileId: string): Promise<ArchivedBlob | undefined> => {
  const segments = blobSegments(archive)
  const position = blobPosition(fileId)
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >> 1
    const segment = must(segments[middle])
    const index = await readIndex(archive, segment)
    if (position < entrySortKey(must(index[0]))) high = middle
    else if (position > entrySortKey(must(index.at(-1)))) low = middle + 1
    else {
      const entry = index.filter(isBlob).find(({ file_id }) => file_id === fileId)
      return entry === undefined ? undefined : { segment, entry }
    }
  }
  return undefined
}

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
