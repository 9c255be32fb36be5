import pMap from 'p-map'
import type { BlobStore } from '../../blobs/blob-store.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { CHECKS } from '../checks/checks.ts'
import type { Findings } from '../checks/findings.ts'
import type { RestoredBlob } from '../messages/preflight-blobs.ts'
import { blobList } from '../results/blob-list.ts'
import { lateBlobConflicts } from '../results/conflicts.ts'

/** Reads from the store in parallel. Bodies are hashed while they stream, so that they need little memory. */
const PARALLEL_READS = 8

/** A pass may stop between two batches. */
const BATCH = 64

interface BlobStores {
  readonly jobs: JobStore
  readonly workFiles: WorkFiles
  readonly blobs: BlobStore
  readonly payloads: PayloadStore
}

/**
 * Runs the checks of blobs, from the blob at index `start` of a list. Returns the index for the next pass if time was
 * up.
 */
export const verifyBlobs = async (
  stores: BlobStores,
  pass: { readonly jobId: string; readonly list: number; readonly start: number; readonly timeIsUp: () => boolean },
  findings: Findings,
): Promise<number | undefined> => {
  const blobs = await verifiableBlobs(stores, pass.jobId, pass.list)
  let next = pass.start
  while (next < blobs.length) {
    if (pass.timeIsUp() && next > pass.start) return next
    const batch = blobs.slice(next, next + BATCH)
    await pMap(batch, (blob) => verifyBlob(stores, blob, findings), { concurrency: PARALLEL_READS })
    next += batch.length
  }
  return undefined
}

/**
 * The blobs of a list that must be in the store as archived. Where `skip` left the target's own bytes, that is a
 * conflict.
 */
const verifiableBlobs = async (stores: BlobStores, jobId: string, list: number): Promise<RestoredBlob[]> => {
  const late = new Set(await lateBlobConflicts(stores, jobId, list))
  return (await blobList(stores, jobId, list)).filter(
    ({ kind, id, action }) => action !== 'conflict' && !(kind === 'blob' && late.has(id)),
  )
}

const verifyBlob = async ({ blobs, payloads }: BlobStores, blob: RestoredBlob, findings: Findings): Promise<void> => {
  const stored = await (blob.kind === 'payload' ? payloads : blobs).sha256Of(blob.id)
  for (const { name, checkBlob } of CHECKS) checkBlob?.({ blob, stored }, findings.of(name))
}
