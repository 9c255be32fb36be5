import * as z from 'zod'
import type { StoreCheckServices } from '../../shared/jobs/check-stores.ts'
import type { Caller } from '../../shared/jobs/identity.ts'
import { hasEnded, JOB_STATUSES, type RestoreJob } from '../../shared/jobs/job.ts'
import { waitForEnd } from '../../shared/jobs/wait.ts'
import type { WorkFiles } from '../../shared/jobs/work-files.ts'
import type { ModelRegistry } from '../../shared/resources/models.ts'
import { type ArchiveSourceRequest, restoreRequest } from '../../shared/restore/request.ts'
import type { LocateArchiveServices } from '../../shared/restore/start/locate-archive.ts'
import {
  startRestoreFrom,
  startRestoreOfBody,
  type StartRestoreServices,
} from '../../shared/restore/start/start-restore.ts'
import { openSlot, SlotUpload, slotUpload } from '../../shared/restore/start/upload-slot.ts'
import type { Answer } from './answer.ts'
import { differencesView } from './differences-view.ts'
import { fileOfForm } from './form.ts'
import { archiveOfBody, contentOf } from './import-body.ts'
import { type HttpRequest, jsonObject, MAX_ARCHIVE_BYTES, mergeParameters, queryObject } from './http-request.ts'
import { type RestoreParameters, restoreFromParameters, restoreParameters } from './import-parameters.ts'
import { jobAnswer } from './job-answers.ts'
import { jobPath, type JobViewServices } from './job-view.ts'
import { callerOf } from './route-input.ts'
import { checkSpecStarRequest } from './specstar-answer.ts'

/** A validated request for an import. */
interface ImportInput {
  readonly parameters: RestoreParameters
  readonly caller: Caller
  /** The archive is in the body or in S3, or the caller requests an upload slot for it. */
  readonly archive:
    | { readonly in: 'body'; readonly bytes: Buffer }
    | { readonly in: 's3'; readonly from: ArchiveSourceRequest }
    | { readonly in: 'slot' }
  /** The model of the route `/{model}/import`. */
  readonly routeModel?: string
}

/** The response of an import route to a request without a body. */
export const UploadSlotView = z
  .object({
    job_id: z.string(),
    status: z.enum(JOB_STATUSES),
    slot_expires_at: z.exactOptional(z.string()).describe('The time until which the slot may be used'),
    upload: SlotUpload.describe('The request with which the archive must be uploaded'),
  })
  .readonly()
  .meta({ id: 'UploadSlot' })
type UploadSlotView = z.output<typeof UploadSlotView>

type ImportServices = JobViewServices &
  StartRestoreServices &
  LocateArchiveServices &
  StoreCheckServices & {
    readonly models: ModelRegistry
    readonly workFiles: WorkFiles
  }

/**
 * Reads and validates an import request. A request without a body requests an upload slot. A JSON body contains the
 * location of an archive in S3. Any other body contains the archive itself.
 */
export const importInput = async (request: HttpRequest): Promise<ImportInput> => {
  const input = await readImport(request)
  checkSpecStarRequest(request, { opensSlot: input.archive.in === 'slot', dryRun: input.parameters.dry_run })
  return input
}

const readImport = async (request: HttpRequest): Promise<ImportInput> => {
  const caller = callerOf(request)
  const query = queryObject(request.query)
  const content = contentOf(request)
  if (content.in === 'none') return { parameters: restoreParameters(query), caller, archive: { in: 'slot' } }
  if (content.in === 'json') {
    const { parameters, from } = restoreFromParameters(mergeParameters(query, jsonObject(request.body)))
    return { parameters, caller, archive: { in: 's3', from } }
  }
  const parameters = restoreParameters(query)
  const bytes =
    content.in === 'form'
      ? await fileOfForm(request.body, content.contentType, MAX_ARCHIVE_BYTES)
      : archiveOfBody(request.body, content.contentType)
  return { parameters, caller, archive: { in: 'body', bytes } }
}

/**
 * Opens an upload slot and returns it, or starts a restore.
 * After starting a restore, waits at most `waitSeconds` for its end and returns the result or the running job.
 */
export const importAnswer = async (
  { parameters, caller, archive, routeModel }: ImportInput,
  services: ImportServices,
): Promise<Answer> => {
  const request = restoreRequest(parameters, services.models, routeModel)
  const { waitSeconds } = parameters
  switch (archive.in) {
    case 'slot':
      return slotAnswer(services, await openSlot(services, request, caller), waitSeconds)
    case 's3':
      return answerAfterWait(services, await startRestoreFrom(services, request, archive.from, caller), waitSeconds)
    case 'body':
      return answerAfterWait(services, await startRestoreOfBody(services, request, archive.bytes, caller), waitSeconds)
  }
}

const answerAfterWait = async (
  services: JobViewServices & { readonly workFiles: WorkFiles },
  { job_id }: RestoreJob,
  waitSeconds: number,
): Promise<Answer> => {
  const job = await waitForEnd(services, job_id, waitSeconds)
  return jobAnswer(services, job, await differencesView(services, job))
}

/**
 * Returns the upload slot. A request that repeats an `Idempotency-Key` returns the slot of the first request.
 * If an archive was uploaded to that slot, returns the response for the restore. If the slot has expired, returns a
 * problem document immediately.
 */
const slotAnswer = async (services: ImportServices, job: RestoreJob, waitSeconds: number): Promise<Answer> => {
  const upload = await slotUpload(services, job)
  if (upload === undefined && hasEnded(job, services.clock()))
    return jobAnswer(services, job, await differencesView(services, job))
  if (upload === undefined) return answerAfterWait(services, job, waitSeconds)
  const { job_id, status, slot_expires_at } = job
  const body: UploadSlotView = { job_id, status, ...(slot_expires_at === undefined ? {} : { slot_expires_at }), upload }
  return {
    status: 202,
    headers: { location: jobPath(job.job_id) },
    body,
  }
}
