import { compareBytes } from '../../values/text-order.ts'
import type { SortedReference } from './references.ts'

/** The blobs that the archive contains, in the order of their positions. */
type BlobPositions = AsyncIterable<{ readonly position: string; readonly isDamaged?: boolean }>

/**
 * Joins the sorted references with the blobs of an archive. Returns for each model the number of different blobs that
 * the archive contains and to which the model refers. Calls `onMissing` for each reference to a blob that the archive
 * does not contain, once for each model. A damaged blob is neither counted nor missing. Holds one blob and one reference
 * in memory.
 */
export const joinReferences = async (
  references: AsyncIterable<SortedReference>,
  blobs: BlobPositions,
  onMissing: (reference: SortedReference) => void,
): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>()
  const positions = blobs[Symbol.asyncIterator]()
  let blob = await positions.next()
  let previous: SortedReference | undefined
  for await (const reference of references) {
    const { position, model } = reference
    if (previous?.position === position && previous.model === model) continue
    previous = reference
    while (blob.done !== true && compareBytes(blob.value.position, position) < 0) blob = await positions.next()
    if (blob.done === true || blob.value.position !== position) onMissing(reference)
    else if (blob.value.isDamaged !== true) counts.set(model, (counts.get(model) ?? 0) + 1)
  }
  // The caller may check the order of the blobs while they are read, so all of them are read.
  while (blob.done !== true) blob = await positions.next()
  return counts
}
