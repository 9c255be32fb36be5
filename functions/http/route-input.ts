import * as z from 'zod'
import { UnknownJobError } from '../../shared/jobs/errors.ts'
import type { Caller } from '../../shared/jobs/identity.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import type { DecisionRequest } from '../../shared/schedules/decide-archive.ts'
import { flag } from '../../shared/requests/parameters.ts'
import { looksLikeJson } from '../../shared/archive/foreign-file.ts'
import { type ParameterPlace, ParametersContentTypeError } from './errors.ts'
import {
  type HttpRequest,
  idempotencyKey,
  jsonObject,
  mediaTypeOf,
  mergeParameters,
  queryObject,
} from './http-request.ts'

/**
 * Returns the parameters in the query of a request. For a POST request, adds the parameters in its JSON body. Throws
 * `ParametersContentTypeError` if the body has another content type and is not JSON. `place` is where the route accepts
 * its parameters, for the message of this error.
 */
export const parametersOf = (
  request: HttpRequest,
  place: ParameterPlace = 'query and body',
): Record<string, unknown> => {
  const query = queryObject(request.query)
  if (request.method !== 'POST') return query
  const mediaType = mediaTypeOf(request)
  // Some clients send JSON with another content type, for example `curl -d`. Such a body is accepted.
  const isOther = mediaType !== '' && !/^application\/(?:.+\+)?json$/.test(mediaType) && !isMeantAsJson(request.body)
  if (isOther && request.body.length > 0) throw new ParametersContentTypeError(mediaType, place)
  return mergeParameters(query, jsonObject(request.body))
}

/**
 * Returns true if a body is JSON, or begins like a JSON object or list. The error of invalid JSON is more useful than
 * one about the content type, which curl adds by itself.
 */
const isMeantAsJson = (body: Buffer): boolean => {
  if (looksLikeJson(body)) return true
  try {
    JSON.parse(body.toString())
    return true
  } catch {
    return false
  }
}

/** Returns the caller of a request. Ignores the `Idempotency-Key` of a GET request, as any GET can be repeated. */
export const callerOf = (request: HttpRequest): Caller => {
  const key = request.method === 'POST' ? idempotencyKey(request) : undefined
  return { requestedBy: request.caller, ...(key === undefined ? {} : { idempotencyKey: key }) }
}

/** Returns the model in the path of a route `/{model}/…`. The registry may not contain this model. */
export const modelOf = ({ params }: HttpRequest): string => params['model'] ?? ''

const JOB_ID = /^[A-Za-z0-9_-]{1,80}$/
const RESOURCES = 'must be the number of resources in the archive, a whole number'

export const DecisionParameters = z.strictObject({
  job_id: z
    .string('must be the id of a job')
    .regex(JOB_ID, 'must be the id of a job')
    .describe('The job that has written the archive'),
  resources: z
    .preprocess(
      (value) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value),
      z.int(RESOURCES).min(0, RESOURCES),
    )
    .describe('The number of resources in the archive'),
  reject: flag().default(false).describe('If true, the archive is rejected'),
})

/** Returns the decision about a suspicious archive. Reads a request of `/_backup/schedules/{name}/confirm`. */
export const decisionOf = (request: HttpRequest): DecisionRequest => {
  const { job_id, resources, reject } = parseParameters(DecisionParameters, parametersOf(request))
  return { schedule: request.params['name'] ?? '', job_id, resources, decision: reject ? 'rejected' : 'confirmed' }
}

const NoParameters = z.strictObject({})

/** Throws `InvalidRequestError` if a request has parameters. */
export const rejectParameters = (request: HttpRequest): void => {
  parseParameters(NoParameters, parametersOf(request, 'none'))
}

/**
 * Returns the job id in the path of a route `/_backup/jobs/{job_id}…`. Throws `InvalidRequestError` if the request has
 * parameters, because these routes accept none. Throws `UnknownJobError` if the id is not a possible job id.
 */
export const jobIdOf = (request: HttpRequest): string => {
  rejectParameters(request)
  const jobId = request.params['job_id'] ?? ''
  if (!JOB_ID.test(jobId)) throw new UnknownJobError(jobId)
  return jobId
}
