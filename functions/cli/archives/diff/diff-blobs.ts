import { blobPosition } from '../../../../shared/blobs/blob-references.ts'
import { compareBytes } from '../../../../shared/values/text-order.ts'
import type { ArchiveContents, ContentsBlob, FaultyContentsBlob } from '../contents/contents.ts'

/** A difference between the blobs of an old and a new archive. */
export interface BlobDifference {
  readonly file_id: string
  /** `new`: only the new archive contains the blob. `missing`: only the old one contains it. */
  readonly group: 'new' | 'changed' | 'missing'
}

/**
 * Compares the blobs of two archives by their SHA-256. Of an archive of version 3, only the indexes are read. A blob
 * that cannot be read in one archive is not compared, and `onFault` is called with it.
 */
export async function* diffBlobs(
  old: Pick<ArchiveContents, 'blobs'>,
  next: Pick<ArchiveContents, 'blobs'>,
  onFault: (archive: 'old' | 'new', blob: FaultyContentsBlob) => void,
): AsyncGenerator<BlobDifference> {
  const [olds, news] = [old.blobs()[Symbol.asyncIterator](), next.blobs()[Symbol.asyncIterator]()]
  let a = await olds.next()
  let b = await news.next()
  while (a.done !== true || b.done !== true) {
    const order =
      a.done === true
        ? 1
        : b.done === true
          ? -1
          : compareBytes(blobPosition(a.value.file_id), blobPosition(b.value.file_id))
    const before = order <= 0 && a.done !== true ? a.value : undefined
    const after = order >= 0 && b.done !== true ? b.value : undefined
    if (before?.fault !== undefined) onFault('old', before)
    if (after?.fault !== undefined) onFault('new', after)
    if (before?.fault === undefined && after?.fault === undefined) {
      const difference = differenceOf(before, after)
      if (difference !== undefined) yield difference
    }
    if (order <= 0) a = await olds.next()
    if (order >= 0) b = await news.next()
  }
}

const differenceOf = (
  before: ContentsBlob | undefined,
  after: ContentsBlob | undefined,
): BlobDifference | undefined => {
  if (after === undefined) return before && { file_id: before.file_id, group: 'missing' }
  if (before === undefined) return { file_id: after.file_id, group: 'new' }
  return before.sha256 === after.sha256 ? undefined : { file_id: after.file_id, group: 'changed' }
}
