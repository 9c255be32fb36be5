import type { Caller } from '../../shared/jobs/identity.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { waitForEnd } from '../../shared/jobs/wait.ts'
import { type ArchiveSourceRequest, restoreRequest } from '../../shared/restore/request.ts'
import { openSlot, slotUpload } from '../../shared/restore/start/upload-slot.ts'
import { startRestoreFrom, startRestoreOfBody } from '../../shared/restore/start/start-restore.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { type HttpRequest, jsonObject, MAX_ARCHIVE_BYTES, mergeParameters, queryObject } from './http-request.ts'
import { type RestoreParameters, restoreFromParameters, restoreParameters } from './import-parameters.ts'
import { waitedAnswer } from './job-answers.ts'
import type { Answer } from '../handlers/route.ts'
import { fileOfForm } from './form.ts'
import { TooLargeError } from './errors.ts'
import { callerOf } from './route-input.ts'
import { jobPath } from './job-view.ts'

/** An import as a request asks for it: by the archive itself, by where it lies, or by nothing (a slot is wanted). */
export interface ImportInput {
  readonly parameters: RestoreParameters
  readonly caller: Caller
  readonly archive:
    | { readonly by: 'body'; readonly bytes: Buffer }
    | { readonly by: 'place'; readonly from: ArchiveSourceRequest }
    | { readonly by: 'slot' }
}

/** Reads an import of any of the three kinds, told apart by the body and its content type. */
export const importInput = async (request: HttpRequest): Promise<ImportInput> => {
  const caller = callerOf(request)
  const query = queryObject(request.query)
  const contentType = request.headers['content-type'] ?? ''
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase()
  if (request.body.length === 0) return { parameters: restoreParameters(query), caller, archive: { by: 'slot' } }
  if (mediaType === 'application/json') {
    const { parameters, from } = restoreFromParameters(mergeParameters(query, jsonObject(request.body)))
    return { parameters, caller, archive: { by: 'place', from } }
  }
  const parameters = restoreParameters(query)
  const bytes =
    mediaType === 'multipart/form-data' ? await fileOfForm(request.body, contentType, MAX_ARCHIVE_BYTES) : request.body
  if (bytes.length > MAX_ARCHIVE_BYTES) throw new TooLargeError(MAX_ARCHIVE_BYTES)
  return { parameters, caller, archive: { by: 'body', bytes } }
}

/** Starts the restore, or opens its slot, and answers as the caller wants to wait. `routeModel`: of `/{model}/import`. */
export const importAnswer = async (
  services: Services,
  { parameters, caller, archive }: ImportInput,
  routeModel?: string,
): Promise<Answer> => {
  const request = restoreRequest(parameters, services.models, routeModel)
  switch (archive.by) {
    case 'slot':
      return slotAnswer(services, await openSlot(services, request, caller), parameters.waitSeconds)
    case 'place':
      return ended(services, await startRestoreFrom(services, request, archive.from, caller), parameters.waitSeconds)
    case 'body':
      return ended(services, await startRestoreOfBody(services, request, archive.bytes, caller), parameters.waitSeconds)
  }
}

const ended = async (services: Services, { job_id }: RestoreJob, waitSeconds: number): Promise<Answer> =>
  waitedAnswer(services, await waitForEnd(services.jobs, job_id, waitSeconds))

/** A repeat by `Idempotency-Key` may meet a slot that has been used: then it answers for the restore itself. */
const slotAnswer = async (services: Services, job: RestoreJob, waitSeconds: number): Promise<Answer> => {
  const upload = await slotUpload(services, job)
  if (upload === undefined) return ended(services, job, waitSeconds)
  return {
    status: 202,
    headers: { location: jobPath(job.job_id) },
    body: { job_id: job.job_id, status: job.status, slot_expires_at: job.slot_expires_at, upload },
  }
}
