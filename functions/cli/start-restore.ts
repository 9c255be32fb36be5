import type { RestoreSource } from './archive-source.ts'
import { cancelJob } from './client/cancel-job.ts'
import { modelImportPath } from './client/paths.ts'
import type { Query } from './client/send-request.ts'
import { startJob, startWith } from './client/started-job.ts'
import { uploadArchive, UploadSlot } from './client/upload-archive.ts'
import type { CommandContext } from './command.ts'
import { InterruptedError } from './interrupted-error.ts'
import { countedTransfer } from './terminal/transfer-bar.ts'

interface RestoreRequest {
  /** By default, all models of the archive are restored. */
  readonly model: string | undefined
  readonly parameters: Query
}

/** Starts a restore and returns the id of its job. Uploads the archive first if it is a local file. */
export const startRestore = async (
  context: CommandContext,
  source: RestoreSource,
  { model, parameters }: RestoreRequest,
): Promise<string> => {
  const path = model === undefined ? '/_backup/import' : modelImportPath(model)
  if (source.in === 's3') {
    return startJob(context.api(), { path, body: { ...parameters, from: source.from } })
  }
  const slot = await startWith(context.api(), UploadSlot, { path, query: parameters })
  await uploadFile(context, slot, source)
  return slot.job_id
}

/**
 * Uploads the file. If the upload fails or is interrupted, cancels the job, because its slot cannot be used any more.
 */
const uploadFile = async (
  { api, io, output, settings }: CommandContext,
  slot: Parameters<typeof uploadArchive>[0],
  { path, size }: Extract<RestoreSource, { readonly in: 'file' }>,
): Promise<void> => {
  const stopped = new AbortController()
  const cancelStopped = new AbortController()
  const unsubscribe = io.onInterrupt(() => {
    // A second Ctrl-C ends also the request that cancels the job.
    if (stopped.signal.aborted) cancelStopped.abort()
    stopped.abort()
  })
  const transfer = countedTransfer(io, output, 'upload', size)
  try {
    await uploadArchive(slot, { path, size, counter: transfer.counter, signal: stopped.signal }, settings())
  } catch (error) {
    const isCancelled = await cancelJob(api(), slot.job_id, cancelStopped.signal).then(
      () => true,
      () => false,
    )
    if (!stopped.signal.aborted) throw error
    throw new InterruptedError(
      isCancelled
        ? `the upload was interrupted, and job ${slot.job_id} was cancelled`
        : `the upload was interrupted, but job ${slot.job_id} was not cancelled: specstar-backup cancel ${slot.job_id}`,
    )
  } finally {
    transfer.end()
    unsubscribe()
  }
}
