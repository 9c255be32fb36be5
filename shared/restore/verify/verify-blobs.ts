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

/** The number of blobs that are read at the same time. Blobs are hashed as streams, so this takes little memory. */
const PARALLEL_READS = 8

/** The number of blobs in a batch. The pass checks its time limit between two batches. */
const BATCH = 64

interface VerifyBlobsServices {
  readonly jobs: JobStore
  readonly workFiles: WorkFiles
  readonly blobs: BlobStore
  readonly payloads: PayloadStore
}

/**
 * Runs all checks of blobs on a list of blobs, beginning at index `start`. If the time limit is reached before the end
 * of the list, returns the index where the next pass continues. Otherwise returns undefined.
 */
export const verifyBlobs = async (
  services: VerifyBlobsServices,
  pass: {
    readonly jobId: string
    readonly listIndex: number
    readonly start: number
    readonly timeIsUp: () => boolean
  },
  findings: Findings,
): Promise<number | undefined> => {
  const blobs = await verifiableBlobs(services, pass.jobId, pass.listIndex)
  let next = pass.start
  while (next < blobs.length) {
    if (pass.timeIsUp() && next > pass.start) return next
    const batch = blobs.slice(next, next + BATCH)
    await pMap(batch, (blob) => verifyBlob(services, blob, findings), { concurrency: PARALLEL_READS })
    next += batch.length
  }
  return undefined
}

/**
 * Returns the blobs of a list that must have the same bytes in the store as in the archive. Omits the blobs that `skip`
 * kept with other bytes, because the report lists them as conflicts.
 */
const verifiableBlobs = async (
  services: VerifyBlobsServices,
  jobId: string,
  listIndex: number,
): Promise<RestoredBlob[]> => {
  const conflictingBlobIds = new Set(await lateBlobConflicts(services, jobId, listIndex))
  return (await blobList(services, jobId, listIndex)).filter(
    ({ kind, id, action }) => action !== 'conflict' && !(kind === 'blob' && conflictingBlobIds.has(id)),
  )
}

const verifyBlob = async (
  { blobs, payloads }: VerifyBlobsServices,
  blob: RestoredBlob,
  findings: Findings,
): Promise<void> => {
  const stored = await (blob.kind === 'payload' ? payloads : blobs).sha256Of(blob.id)
  for (const { name, checkBlob } of CHECKS) checkBlob?.({ blob, stored }, findings.of(name))
}
