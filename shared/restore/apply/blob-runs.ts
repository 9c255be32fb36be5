import type { RestoredBlob } from '../messages/preflight-blobs.ts'

/** Blobs that are read from the archive with one GET. `start` and `length` are the range of bytes in the archive. */
export interface BlobRun {
  readonly start: number
  readonly length: number
  readonly blobs: readonly RestoredBlob[]
}

/**
 * The largest size of a run that contains several blobs. A pass reads 8 runs at the same time, so these runs take at
 * most 32 MiB of memory.
 */
const RUN_BYTES = 4 * 1024 * 1024
/**
 * The largest gap between two blobs of a run. A gap holds padding, headers (at most 2 KiB) and blobs that are not
 * written. Reading 64 KiB that are not needed is faster than sending another GET request.
 */
const GAP_BYTES = 64 * 1024

/** Groups blobs into runs of at most 4 MiB, in the order of the archive. A blob of more than 4 MiB has its own run. */
export const blobRuns = (blobs: readonly RestoredBlob[]): BlobRun[] => {
  const runs: BlobRun[] = []
  for (const blob of [...blobs].sort((a, b) => a.offset - b.offset)) {
    const last = runs.at(-1)
    const end = blob.offset + blob.size
    const joins =
      last !== undefined && blob.offset - (last.start + last.length) <= GAP_BYTES && end - last.start <= RUN_BYTES
    if (joins) runs[runs.length - 1] = { start: last.start, length: end - last.start, blobs: [...last.blobs, blob] }
    else runs.push({ start: blob.offset, length: blob.size, blobs: [blob] })
  }
  return runs
}
