import { continueAt, readCursor } from '../../jobs/cursor.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { workOnAll } from '../../jobs/work-until.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { withGuard } from '../../throttling/call-context.ts'
import { nextBatch } from '../blob-batch.ts'
import { ConflictError } from '../errors.ts'
import { APPLY_BLOBS, ApplyBlobsCursor, type ApplyBlobsResult, BLOB_CONFLICTS } from '../messages/apply.ts'
import { RESTORE_PLAN } from '../messages/inspect.ts'
import type { RestoredBlob } from '../messages/preflight-blobs.ts'
import type { OpenRestoreServices } from '../open-restore.ts'
import { blobList } from '../results/blob-list.ts'
import { type LeasedPassServices, runLeasedPass } from '../run-leased-pass.ts'
import { blobRuns } from './blob-runs.ts'
import { type BlobWriterServices, BlobWriter, COPIED_BLOB_BYTES, PARALLEL_BLOBS } from './blob-writer.ts'

/**
 * The largest number of blobs per batch. The pass checks its time limit between two batches. It can therefore exceed the
 * limit by the duration of one batch. A batch has at most 4 GiB, which are copied within a minute.
 */
const BATCH = 256

interface ApplyBlobsServices extends OpenRestoreServices, LeasedPassServices, BlobWriterServices {
  readonly limits: LeasedPassServices['limits'] & Pick<Limits, 'largeBlobBytes' | 'copyPartBytes'>
}

/**
 * Runs one pass over a list of blobs. The pass writes the blobs that are new or changed. If AWS throttles a pass until
 * its time is used up, the pass hands over after its last batch. The next pass writes the blobs of the unfinished batch
 * again.
 */
export const applyBlobs = (input: PassInput, services: ApplyBlobsServices): Promise<PassOutput> =>
  runLeasedPass(APPLY_BLOBS, input, services, (attempt) => applyBlobsPass(attempt, services))

const applyBlobsPass = async (attempt: Attempt, services: ApplyBlobsServices): Promise<ApplyBlobsResult> => {
  const { job_id, n } = attempt
  const { workFiles, leases, limits } = services
  const { request } = await restoreJob(services, job_id)
  const plan = await workFiles.read(RESTORE_PLAN, job_id)
  const blobs = (await blobList(services, job_id, n)).filter(({ action }) => action === 'new' || action === 'changed')
  const lease = leases.held(plan.models, job_id)
  const whileLeased = <Output>(work: () => Output): Output => withGuard(() => lease.check(), work)
  const conflicts: string[] = []
  /** The conflicts of the batch that is being written. */
  let batchConflicts: string[] = []
  const writer = new BlobWriter(services, {
    archive: plan.archive,
    isOverwriting: request.on_duplicate === 'overwrite',
    onConflict: (id) => {
      if (request.on_duplicate === 'raise_error') throw new ConflictError('blob', id)
      batchConflicts.push(id)
    },
  })
  const start = readCursor(ApplyBlobsCursor, attempt) ?? { next: 0 }
  const { largeBlobBytes } = limits
  let next = start.next
  let upload: PinnedObject | undefined
  while (next < blobs.length && (next === start.next || !attempt.timeIsUp())) {
    const batch = nextBatch(blobs, next, { count: BATCH, largeBlobBytes })
    const [large] = batch
    batchConflicts = []
    try {
      if (large?.kind === 'blob' && large.size >= largeBlobBytes) {
        const saved = next === start.next ? start.upload : undefined
        upload = await whileLeased(() => writer.copyInSteps(large, attempt, saved))
        if (upload !== undefined) break
      } else await whileLeased(() => writeBatch(writer, batch))
    } catch (error) {
      if (next === start.next || !attempt.mustHandOver(error)) throw error
      break
    }
    conflicts.push(...batchConflicts)
    next += batch.length
  }
  return {
    ...continueAt(next < blobs.length ? { next, ...(upload === undefined ? {} : { upload }) } : undefined),
    written: next - start.next - conflicts.length,
    ...(conflicts.length === 0
      ? {}
      : { conflicts: await workFiles.write(BLOB_CONFLICTS, conflicts, job_id, n, attempt.attempt) }),
  }
}

/** Writes a batch. If a write fails, waits for the others, because another pass writes the batch again. */
const writeBatch = async (writer: BlobWriter, batch: readonly RestoredBlob[]): Promise<void> => {
  const copies = batch.filter(({ size }) => size >= COPIED_BLOB_BYTES).map((blob) => () => writer.copy(blob))
  const runs = blobRuns(batch.filter(({ size }) => size < COPIED_BLOB_BYTES)).map((run) => () => writer.writeRun(run))
  await workOnAll([...copies, ...runs], PARALLEL_BLOBS, (write) => write())
}
