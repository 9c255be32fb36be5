/** The limits of a batch of blobs, in which a pass does not check its time limit. */
interface BatchLimits {
  /** The largest number of blobs. */
  readonly count: number
  /** The size from which a blob is a batch of its own, in bytes. Such a blob is processed in steps. */
  readonly largeBlobBytes: number
}

/** The largest size of a batch, as a multiple of `largeBlobBytes`: 4 GiB, which a worker reads in about a minute. */
const LARGE_BLOBS = 4

/** Returns the next batch of a list, which begins at index `start`. It has at least one blob. */
export const nextBatch = <Blob extends { readonly size: number }>(
  blobs: readonly Blob[],
  start: number,
  { count, largeBlobBytes }: BatchLimits,
): readonly Blob[] => {
  let bytes = 0
  let end = start
  for (const { size } of blobs.slice(start, start + count)) {
    bytes += size
    if (end > start && (size >= largeBlobBytes || bytes > LARGE_BLOBS * largeBlobBytes)) break
    end += 1
    if (size >= largeBlobBytes) break
  }
  return blobs.slice(start, end)
}
