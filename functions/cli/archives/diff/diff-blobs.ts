import { blobPosition } from '../../../../shared/blobs/blob-references.ts'
import { compareBytes } from '../../../../shared/values/text-order.ts'
import type { ArchiveContents } from '../contents/contents.ts'

/** A difference between the blobs of an old and a new archive. */
export interface BlobDifference {
  readonly file_id: string
  /** `new`: only the new archive contains the blob. `missing`: only the old one contains it. */
  readonly group: 'new' | 'changed' | 'missing'
}

/** Compares the blobs of two archives by their SHA-256. Of an archive of version 3, only the indexes are read. */
export async function* diffBlobs(
  old: Pick<ArchiveContents, 'blobs'>,
  next: Pick<ArchiveContents, 'blobs'>,
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
    if (order < 0 && a.done !== true) yield { file_id: a.value.file_id, group: 'missing' }
    else if (order > 0 && b.done !== true) yield { file_id: b.value.file_id, group: 'new' }
    else if (a.done !== true && b.done !== true && a.value.sha256 !== b.value.sha256)
      yield { file_id: a.value.file_id, group: 'changed' }
    if (order <= 0) a = await olds.next()
    if (order >= 0) b = await news.next()
  }
}
