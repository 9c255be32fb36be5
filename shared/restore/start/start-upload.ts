import { TooManyJobsError } from '../../jobs/errors.ts'
import { uploadJobId } from '../../jobs/identity.ts'
import type { RestoreJob } from '../../jobs/job.ts'
import { type ArchiveLocation, type RestoreRequest, STRATEGIES, type Strategy } from '../../jobs/job-request.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import { isInternal, problemOf } from '../../problems/problem.ts'
import { InvalidRequestError } from '../../requests/errors.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import { reportFailedUpload, reportQueuedUpload } from '../upload-report.ts'
import { startWorkflow } from './create-job.ts'
import { createRestore } from './create-restore.ts'
import type { StartRestoreServices } from './start-restore.ts'
import { fillSlot, slotJobId } from './upload-slot.ts'

/** An object that was uploaded to the restore bucket. The fields come from the event of S3. */
interface Uploaded {
  readonly bucket: string
  readonly key: string
  readonly etag?: string | undefined
  readonly version_id?: string | undefined
  /** A string with which S3 orders the events of one key. It distinguishes two uploads of the same bytes. */
  readonly sequencer?: string | undefined
}

export interface StartUploadServices extends StartRestoreServices {
  readonly objects: ObjectStore
  readonly models: ModelRegistry
  readonly config: { readonly buckets: { readonly restores: string }; readonly upload_strategy: Strategy }
}

const ALL_MODELS = '_all'

/**
 * Starts the restore of an upload and returns its job. Returns undefined if the key does not end with `.acbak`, or if
 * the object was deleted or replaced after the event. If it was replaced, S3 sends another event for the new object. If
 * the restore cannot start, writes the reason to the report next to the upload and returns undefined. Internal errors
 * and `TooManyJobsError` are thrown, so that the event is delivered again.
 */
export const startUploadedRestore = async (
  services: StartUploadServices,
  uploaded: Uploaded,
): Promise<RestoreJob | undefined> => {
  const { bucket, key } = uploaded
  if (bucket !== services.config.buckets.restores || !key.endsWith('.acbak')) return undefined
  const archive = await uploadedArchive(services, uploaded)
  if (archive === undefined) return undefined
  try {
    const slot = slotJobId(key)
    if (slot !== undefined) return await fillSlot(services, slot, archive)
    return await startByKey(services, archive, uploaded)
  } catch (error) {
    if (isInternal(problemOf(error))) throw error
    await reportFailedUpload(services, archive, error)
    // The event is delivered again. If the restore then starts, its report replaces this report.
    if (error instanceof TooManyJobsError) throw error
    return undefined
  }
}

/** Starts a restore whose options are in the key of the upload. */
const startByKey = async (
  services: StartUploadServices,
  archive: ArchiveLocation,
  uploaded: Uploaded,
): Promise<RestoreJob> => {
  const { bucket, key } = archive
  const { strategy, model } = optionsInKey(key, services.config.upload_strategy)
  // `get` throws `UnknownModelError` if the model is not registered.
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
  const existing = await services.jobs.get(job_id)
  if (existing?.kind === 'restore') return startReported(services, existing, archive)
  const requestedBy = `s3://${bucket}/${key}`
  const job = await createRestore(services, { job_id }, { request, status: 'queued', source: 'upload', requestedBy })
  return startReported(services, job, archive)
}

/** Writes a report with the status `queued`, and then starts the workflow, which replaces the report. */
const startReported = async (
  services: StartUploadServices,
  job: RestoreJob,
  archive: ArchiveLocation,
): Promise<RestoreJob> => {
  if (job.status === 'queued') await reportQueuedUpload(services, archive, job.job_id)
  return startWorkflow(services, job)
}

/**
 * Returns the options that a key of the form `{strategy}/{model or _all}/…` contains. If the key does not begin with a
 * strategy, returns the strategy of the deployment, for all models. Throws `InvalidRequestError` if a strategy is not
 * followed by a model or `_all` and a file name.
 */
const optionsInKey = (
  key: string,
  deploymentStrategy: Strategy,
): { readonly strategy: Strategy; readonly model?: string } => {
  const [first, model, ...rest] = key.split('/')
  const strategy = STRATEGIES.find((name) => name === first)
  if (strategy === undefined) return { strategy: deploymentStrategy }
  if (model === undefined || model === '' || rest.length === 0)
    throw new InvalidRequestError([
      {
        field: 'key',
        message:
          `after ${strategy}/, the key must contain a model or ${ALL_MODELS} and a file name, ` +
          `for example ${strategy}/${ALL_MODELS}/backup.acbak`,
      },
    ])
  return model === ALL_MODELS ? { strategy } : { strategy, model }
}

/**
 * Returns the location of the uploaded object. If the object was deleted or replaced after the event, returns
 * undefined.
 */
const uploadedArchive = async (
  { objects }: { readonly objects: ObjectStore },
  { bucket, key, etag, version_id }: Uploaded,
): Promise<ArchiveLocation | undefined> => {
  const head = await objects.head(bucket, key, version_id === undefined ? {} : { version_id })
  if (head === undefined) return undefined
  if (etag !== undefined && unquoted(etag) !== unquoted(head.etag)) return undefined
  const version = version_id ?? head.version_id
  return { bucket, key, etag: head.etag, ...(version === undefined ? {} : { version_id: version }) }
}

/**
 * Removes the quotes of an ETag. Responses of S3 contain ETags with quotes, and events contain ETags without quotes.
 */
const unquoted = (etag: string): string => etag.replaceAll('"', '')
