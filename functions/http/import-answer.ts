import type { Caller } from '../../shared/jobs/identity.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { waitForEnd } from '../../shared/jobs/wait.ts'
import type { WorkFiles } from '../../shared/jobs/work-files.ts'
import type { ModelRegistry } from '../../shared/resources/models.ts'
import { type ArchiveSourceRequest, restoreRequest } from '../../shared/restore/request.ts'
import type { ArchiveLocating } from '../../shared/restore/start/locate-archive.ts'
import {
  startRestoreFrom,
  startRestoreOfBody,
  type StartRestoreServices,
} from '../../shared/restore/start/start-restore.ts'
import { openSlot, slotUpload } from '../../shared/restore/start/upload-slot.ts'
import type { Answer } from './answer.ts'
import { TooLargeError } from './errors.ts'
import { fileOfForm } from './form.ts'
import { type HttpRequest, jsonObject, MAX_ARCHIVE_BYTES, mergeParameters, queryObject } from './http-request.ts'
import { type RestoreParameters, restoreFromParameters, restoreParameters } from './import-parameters.ts'
import { jobAnswer } from './job-answers.ts'
import { jobPath, type JobViewServices } from './job-view.ts'
import { callerOf } from './route-input.ts'

/** A validated request for an import. */
export interface ImportInput {
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

interface ImportServices extends JobViewServices, StartRestoreServices, ArchiveLocating {
  readonly models: ModelRegistry
  readonly workFiles: WorkFiles
}

/** Reads an import. The body and its content type say where the archive is: no body requests an upload slot. */
export const importInput = async (request: HttpRequest): Promise<ImportInput> => {
  const caller = callerOf(request)
  const query = queryObject(request.query)
  const contentType = request.headers['content-type'] ?? ''
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase()
  if (request.body.length === 0) return { parameters: restoreParameters(query), caller, archive: { in: 'slot' } }
  if (mediaType === 'application/json') {
    const { parameters, from } = restoreFromParameters(mergeParameters(query, jsonObject(request.body)))
    return { parameters, caller, archive: { in: 's3', from } }
  }
  const parameters = restoreParameters(query)
  const bytes =
    mediaType === 'multipart/form-data' ? await fileOfForm(request.body, contentType, MAX_ARCHIVE_BYTES) : request.body
  if (bytes.length > MAX_ARCHIVE_BYTES) throw new TooLargeError(MAX_ARCHIVE_BYTES)
  return { parameters, caller, archive: { in: 'body', bytes } }
}

/**
 * Starts a restore or opens an upload slot.
 * Answers with the slot, or waits for as long as the caller chose and answers with the job.
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
  services: JobViewServices,
  { job_id }: RestoreJob,
  waitSeconds: number,
): Promise<Answer> => jobAnswer(services, await waitForEnd(services.jobs, job_id, waitSeconds))

/** A repeated request with an `Idempotency-Key` may find a used slot. The answer is then that of the restore. */
const slotAnswer = async (services: ImportServices, job: RestoreJob, waitSeconds: number): Promise<Answer> => {
  const upload = await slotUpload(services, job)
  if (upload === undefined) return answerAfterWait(services, job, waitSeconds)
  return {
    status: 202,
    headers: { location: jobPath(job.job_id) },
    body: { job_id: job.job_id, status: job.status, slot_expires_at: job.slot_expires_at, upload },
  }
}
