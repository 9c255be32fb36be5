import type { RestoredBlob } from '../messages/preflight-blobs.ts'

/** Blobs that are read from the archive as one range. */
export interface BlobRun {
  readonly start: number
  readonly length: number
  readonly blobs: readonly RestoredBlob[]
}

/** Several small blobs share one GET. Eight runs at once bound the memory of a pass. */
const RUN_BYTES = 4 * 1024 * 1024
/** The most bytes between two blobs of a run: padding, headers (2 KiB at most) and blobs that are not written. */
const GAP_BYTES = 64 * 1024

/** Groups blobs into runs of at most 4 MiB, in the order of the archive. A larger blob is a run of its own. */
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
