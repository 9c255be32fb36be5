import type { BlobStore } from '../../blobs/blob-store.ts'
import type { HashPosition } from '../../blobs/hash-in-steps.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { Attempt } from '../../jobs/pass.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { workUntil } from '../../jobs/work-until.ts'
import { nextBatch } from '../blob-batch.ts'
import type { ComparedBlob } from '../checks/check.ts'
import { CHECKS } from '../checks/checks.ts'
import type { Findings } from '../checks/findings.ts'
import type { RestoredBlob } from '../messages/preflight-blobs.ts'
import type { VerifyBlobsCursor } from '../messages/verify.ts'
import { blobList } from '../results/blob-list.ts'
import { lateBlobConflicts } from '../results/conflicts.ts'

/** The number of blobs that are read at the same time. Blobs are hashed as streams, so this takes little memory. */
const PARALLEL_READS = 8

/** The largest number of blobs in a batch. The pass checks its time limit between two batches. */
const BATCH = 64

interface VerifyBlobsServices {
  readonly jobs: JobStore
  readonly workFiles: WorkFiles
  readonly blobs: BlobStore
  readonly payloads: PayloadStore
  readonly limits: Pick<Limits, 'largeBlobBytes' | 'hashStepBytes'>
}

interface VerifyBlobsPass {
  readonly jobId: string
  readonly listIndex: number
  readonly start: VerifyBlobsCursor
  readonly timeIsUp: () => boolean
  readonly mustHandOver: (error: unknown) => boolean
}

/**
 * Runs all checks of blobs on a list of blobs, beginning at `start`. `next` is the position where the next pass
 * continues. It is undefined at the end of the list. `blobs` is the number of checked blobs without spilled payloads.
 */
export const verifyBlobs = async (
  services: VerifyBlobsServices,
  pass: VerifyBlobsPass,
  findings: Findings,
): Promise<{ readonly next: VerifyBlobsCursor | undefined; readonly blobs: number }> => {
  const list = await verifiableBlobs(services, pass.jobId, pass.listIndex)
  const next = await verifyList(services, list, pass, findings)
  return { next, blobs: list.slice(pass.start.next, next?.next).filter(({ kind }) => kind === 'blob').length }
}

/**
 * Returns the position where the next pass continues if the time limit is reached before the end of the list, or if AWS
 * throttles a blob after the first one until the time of the pass is used up. Otherwise returns undefined.
 */
const verifyList = async (
  services: VerifyBlobsServices,
  list: readonly RestoredBlob[],
  pass: VerifyBlobsPass,
  findings: Findings,
): Promise<VerifyBlobsCursor | undefined> => {
  const { limits } = services
  const { start, timeIsUp, mustHandOver } = pass
  let next = start.next
  while (next < list.length) {
    if (timeIsUp() && next > start.next) return { next }
    const batch = nextBatch(list, next, { count: BATCH, largeBlobBytes: limits.largeBlobBytes })
    const [large] = batch
    try {
      if (large?.kind === 'blob' && large.size >= limits.largeBlobBytes) {
        const hash = await verifyLargeBlob(
          services,
          large,
          next === start.next ? start.hash : undefined,
          pass,
          findings,
        )
        if (hash !== undefined) return { next, hash }
      } else {
        const read = await workUntil(batch, (blob) => readBlob(services, blob), {
          concurrency: PARALLEL_READS,
          timeIsUp: () => false,
          mustHandOver,
        })
        for (const compared of read) check(compared, findings)
        if (read.length < batch.length) return { next: next + read.length }
      }
    } catch (error) {
      if (next === start.next || !mustHandOver(error)) throw error
      return { next }
    }
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

const readBlob = async ({ blobs, payloads }: VerifyBlobsServices, blob: RestoredBlob): Promise<ComparedBlob> => ({
  blob,
  stored: await (blob.kind === 'payload' ? payloads.sha256Of(blob.id) : blobs.sha256Of(blob.id, blob.sha256)),
})

/**
 * Checks a blob whose bytes one pass may be unable to read. If the time is up before its last byte, returns the
 * position inside the blob.
 */
const verifyLargeBlob = async (
  { blobs, limits }: VerifyBlobsServices,
  blob: RestoredBlob,
  start: HashPosition | undefined,
  { timeIsUp, mustHandOver }: Pick<Attempt, 'timeIsUp' | 'mustHandOver'>,
  findings: Findings,
): Promise<HashPosition | undefined> => {
  const steps = { stepBytes: limits.hashStepBytes, timeIsUp, mustHandOver }
  const hashed = await blobs.sha256InSteps(blob.id, blob, start, steps)
  if ('position' in hashed) return hashed.position
  check({ blob, stored: hashed.blob }, findings)
  return undefined
}

const check = (compared: ComparedBlob, findings: Findings): void => {
  for (const { name, checkBlob } of CHECKS) checkBlob?.(compared, findings.of(name))
}
