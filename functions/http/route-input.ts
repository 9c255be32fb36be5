import { z } from 'zod'
import { UnknownJobError } from '../../shared/jobs/errors.ts'
import type { Caller } from '../../shared/jobs/identity.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import type { DecisionRequest } from '../../shared/schedules/decide-archive.ts'
import { flag } from '../../shared/requests/parameters.ts'
import { type HttpRequest, idempotencyKey, jsonObject, mergeParameters, queryObject } from './http-request.ts'

/** The parameters of a request: its query and, in a POST request, its JSON body. */
export const parametersOf = (request: HttpRequest): Record<string, unknown> =>
  request.method === 'POST'
    ? mergeParameters(queryObject(request.query), jsonObject(request.body))
    : queryObject(request.query)

/** The caller of a request. A GET request may always be repeated, so its `Idempotency-Key` is ignored. */
export const callerOf = (request: HttpRequest): Caller => {
  const key = request.method === 'POST' ? idempotencyKey(request) : undefined
  return { requestedBy: request.caller, ...(key === undefined ? {} : { idempotencyKey: key }) }
}

/** The model in the path of a route `/{model}/…`. It may be unknown to the registry. */
export const modelOf = ({ params }: HttpRequest): string => params['model'] ?? ''

const JOB_ID = /^[A-Za-z0-9_-]{1,80}$/
const RESOURCES = 'must be the number of resources in the archive, a whole number'

const Decision = z.strictObject({
  job_id: z.string('must be the id of a job').regex(JOB_ID, 'must be the id of a job'),
  resources: z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value),
    z.int(RESOURCES).min(0, RESOURCES),
  ),
  reject: flag().default(false),
})

/** The decision about a suspicious archive in a request for the route `/_backup/schedules/{name}/confirm`. */
export const decisionOf = (request: HttpRequest): DecisionRequest => {
  const { job_id, resources, reject } = parseParameters(Decision, parametersOf(request))
  return { schedule: request.params['name'] ?? '', job_id, resources, decision: reject ? 'rejected' : 'confirmed' }
}

const NoParameters = z.strictObject({})

/** The job id in the path of a route `/_backup/jobs/{job_id}…`. These routes accept no parameters. */
export const jobIdOf = ({ params, query }: HttpRequest): string => {
  parseParameters(NoParameters, queryObject(query))
  const jobId = params['job_id'] ?? ''
  if (!JOB_ID.test(jobId)) throw new UnknownJobError(jobId)
  return jobId
}
