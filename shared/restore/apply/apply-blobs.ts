import { continueAt, readCursor } from '../../jobs/cursor.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { workOnAll } from '../../jobs/work-until.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { whileStoring, withGuard } from '../../throttling/call-context.ts'
import { nextBatch } from '../blob-batch.ts'
import { ConflictError } from '../errors.ts'
import { APPLY_BLOBS, ApplyBlobsCursor, type ApplyBlobsResult, BLOB_CONFLICTS } from '../messages/apply.ts'
import { RESTORE_PLAN } from '../messages/inspect.ts'
import { isWritten, type RestoredBlob } from '../messages/preflight-blobs.ts'
import type { OpenRestoreServices } from '../open-restore.ts'
import { blobList } from '../results/blob-list.ts'
import { type LeasedPassServices, runLeasedPass } from '../run-leased-pass.ts'
import { blobRuns } from './blob-runs.ts'
import { type BlobWriterServices, BlobWriter, COPIED_BLOB_BYTES, PARALLEL_BLOBS } from './blob-writer.ts'

/**
 * The largest number of blobs per batch. The pass checks its time limit between two batches. It can therefore exceed
 * the limit by the duration of one batch. A batch has at most 4 GiB, which are copied within a minute.
 */
const BATCH = 256

interface ApplyBlobsServices extends OpenRestoreServices, LeasedPassServices, BlobWriterServices {
  readonly limits: LeasedPassServices['limits'] & Pick<Limits, 'largeBlobBytes' | 'hashStepBytes'>
}

/**
 * Runs one pass over a list of blobs. The pass writes the blobs that are new or changed. If AWS throttles a pass until
 * its time is used up, the pass hands over before the first blob that it has not written. The next pass may write later
 * blobs of the batch again.
 */
export const applyBlobs = (input: PassInput, services: ApplyBlobsServices): Promise<PassOutput> =>
  runLeasedPass(APPLY_BLOBS, input, services, (attempt) => applyBlobsPass(attempt, services))

const applyBlobsPass = async (attempt: Attempt, services: ApplyBlobsServices): Promise<ApplyBlobsResult> => {
  const { job_id, n } = attempt
  const { workFiles, leases, limits } = services
  const { request } = await restoreJob(services, job_id)
  const plan = await workFiles.read(RESTORE_PLAN, job_id)
  const blobs = (await blobList(services, job_id, n)).filter(isWritten)
  const lease = leases.held(plan.models, job_id)
  const whileLeased = <Output>(work: () => Output): Output => withGuard(() => lease.check(), work)
  const conflicts: string[] = []
  /** The ids of the conflicts in the current batch, and its written blobs. */
  let batchConflicts = new Set<string>()
  let written = new Set<RestoredBlob>()
  const writer = new BlobWriter(services, {
    archive: plan.archive,
    isOverwriting: request.on_duplicate === 'overwrite',
    onConflict: (id) => {
      if (request.on_duplicate === 'raise_error') throw new ConflictError('blob', id)
      batchConflicts.add(id)
    },
  })
  const start = readCursor(ApplyBlobsCursor, attempt) ?? { next: 0 }
  const { largeBlobBytes } = limits
  let next = start.next
  let upload: PinnedObject | undefined
  while (next < blobs.length && (next === start.next || !attempt.timeIsUp())) {
    const batch = nextBatch(blobs, next, { count: BATCH, largeBlobBytes })
    const [large] = batch
    batchConflicts = new Set()
    written = new Set()
    let finished: readonly RestoredBlob[] = batch
    try {
      if (large?.kind === 'blob' && large.size >= largeBlobBytes) {
        const saved = next === start.next ? start.upload : undefined
        upload = await whileLeased(() => writer.copyInSteps(large, attempt, saved))
        if (upload !== undefined) break
      } else await whileLeased(() => writeBatch(writer, batch, written))
    } catch (error) {
      const firstUnwritten = batch.findIndex((blob) => !written.has(blob))
      finished = batch.slice(0, firstUnwritten)
      if (next + finished.length === start.next || !attempt.mustHandOver(error)) throw error
    }
    conflicts.push(...finished.filter(({ kind, id }) => kind === 'blob' && batchConflicts.has(id)).map(({ id }) => id))
    next += finished.length
    if (finished.length < batch.length) break
  }
  return whileStoring(async () => ({
    ...continueAt(next < blobs.length ? { next, ...(upload === undefined ? {} : { upload }) } : undefined),
    written: next - start.next - conflicts.length,
    ...(conflicts.length === 0
      ? {}
      : { conflicts: await workFiles.write(BLOB_CONFLICTS, conflicts, job_id, n, attempt.attempt) }),
  }))
}

/**
 * Writes a batch, and adds each written blob to `written`. If a write fails, waits for the others, because another pass
 * writes blobs of the batch again.
 */
const writeBatch = async (
  writer: BlobWriter,
  batch: readonly RestoredBlob[],
  written: Set<RestoredBlob>,
): Promise<void> => {
  const copies = batch
    .filter(({ size }) => size >= COPIED_BLOB_BYTES)
    .map((blob) => async () => {
      await writer.copy(blob)
      written.add(blob)
    })
  const runs = blobRuns(batch.filter(({ size }) => size < COPIED_BLOB_BYTES)).map(
    (run) => () => writer.writeRun(run, (blob) => written.add(blob)),
  )
  await workOnAll<() => Promise<void>>([...copies, ...runs], PARALLEL_BLOBS, (write) => write())
}
