import { uploadJobId } from '../../jobs/identity.ts'
import type { ArchiveLocation, RestoreJob, RestoreRequest } from '../../jobs/job.ts'
import { STRATEGIES } from '../../jobs/job.ts'
import { TooManyJobsError } from '../../jobs/errors.ts'
import { InvalidRequestError } from '../../requests/errors.ts'
import { isInternal, problemOf } from '../../problems/problem.ts'
import type { Services } from '../../runtime/services.ts'
import { fillSlot, slotJobId } from './upload-slot.ts'
import { createRestore, startWorkflow } from './start-restore.ts'
import { reportFailedUpload } from '../report/upload-report.ts'

/** An object that was put into the restore bucket, as the event tells it. */
export interface Uploaded {
  readonly bucket: string
  readonly key: string
  readonly etag?: string | undefined
  readonly version_id?: string | undefined
  /** Orders the events of one key; tells two uploads of the same bytes apart. */
  readonly sequencer?: string | undefined
}

const ALL_MODELS = '_all'

/**
 * Starts the restore that an upload asks for. Gives no job where there is nothing to do: the key is not an archive's, or
 * the object is gone or replaced (what replaced it has an event of its own). What cannot start is told beside the upload;
 * trouble of our own is thrown, for the event to come again, and so is a deployment that is full.
 */
export const startUploadedRestore = async (services: Services, uploaded: Uploaded): Promise<RestoreJob | undefined> => {
  const { bucket, key } = uploaded
  if (bucket !== services.config.buckets.restores || !key.endsWith('.acbak')) return undefined
  const archive = await standing(services, uploaded)
  if (archive === undefined) return undefined
  try {
    const slot = slotJobId(key)
    if (slot !== undefined) return await fillSlot(services, slot, archive)
    return await startByKey(services, archive, uploaded)
  } catch (error) {
    if (isInternal(problemOf(error))) throw error
    await reportFailedUpload(services, { bucket, key }, error)
    // This passes: there may be room when the event comes again, and the report of that restore takes this one's place.
    if (error instanceof TooManyJobsError) throw error
    return undefined
  }
}

const startByKey = async (services: Services, archive: ArchiveLocation, uploaded: Uploaded): Promise<RestoreJob> => {
  const { bucket, key } = archive
  const { strategy, model } = partsOf(key, services.config.upload_strategy)
  if (model !== undefined) services.models.get(model)
  const request: RestoreRequest = {
    ...(model === undefined ? {} : { models: [model], route_model: model }),
    filters: {},
    on_duplicate: strategy,
    dry_run: false,
    archive,
    report_beside: { bucket, key },
  }
  const state =
    uploaded.version_id === undefined ? [archive.etag ?? '', uploaded.sequencer ?? ''] : [uploaded.version_id]
  const job_id = uploadJobId(bucket, key, state)
  const repeated = await services.jobs.get(job_id)
  if (repeated?.kind === 'restore') return startWorkflow(services, repeated)
  const job = await createRestore(
    services,
    { job_id },
    { request, status: 'queued', source: 'upload', requestedBy: `s3://${bucket}/${key}` },
  )
  return startWorkflow(services, job)
}

/** `{strategy}/{model or _all}/…`; a key without a strategy takes the deployment's own, and all models. */
export const partsOf = (
  key: string,
  ownStrategy: RestoreRequest['on_duplicate'],
): { readonly strategy: RestoreRequest['on_duplicate']; readonly model?: string } => {
  const [first, model, ...rest] = key.split('/')
  const strategy = STRATEGIES.find((name) => name === first)
  if (strategy === undefined) return { strategy: ownStrategy }
  if (model === undefined || rest.length === 0)
    throw new InvalidRequestError([
      {
        field: 'key',
        message: `after ${strategy}/ comes a model or ${ALL_MODELS}: ${strategy}/${ALL_MODELS}/{name}.acbak`,
      },
    ])
  return model === ALL_MODELS ? { strategy } : { strategy, model }
}

/** The object as it lies there now, where it still is what the event tells of. */
const standing = async (
  { objects }: Services,
  { bucket, key, etag, version_id }: Uploaded,
): Promise<ArchiveLocation | undefined> => {
  const head = await objects.head(bucket, key, version_id === undefined ? {} : { version_id })
  if (head === undefined) return undefined
  if (etag !== undefined && bare(etag) !== bare(head.etag)) return undefined
  const version = version_id ?? head.version_id
  return { bucket, key, etag: head.etag, ...(version === undefined ? {} : { version_id: version }) }
}

/** Events carry an ETag without its quotes, answers with them. */
const bare = (etag: string): string => etag.replaceAll('"', '')
