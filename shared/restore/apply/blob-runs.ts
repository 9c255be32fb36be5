import type { RestoredBlob } from '../preflight/blob-list.ts'

/** Blobs whose bytes are read from the archive as one range. */
export interface BlobRun {
  readonly start: number
  readonly length: number
  readonly blobs: readonly RestoredBlob[]
}

/** A GET for every few blobs instead of one for each; eight runs at once bound the memory of a pass. */
const RUN_BYTES = 4 * 1024 * 1024
/** Between neighbours lie padding and a header (at most 2 KiB); what is skipped over costs more to read than to ask again. */
const GAP_BYTES = 64 * 1024

/**
 * Gathers blobs that lie close to each other, in the order of the archive, into runs of up to 4 MiB. A larger blob is a run by
 * itself; so is one of no bytes, wherever it lies.
 */
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
