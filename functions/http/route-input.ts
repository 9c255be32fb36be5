import { type Caller } from '../../shared/jobs/identity.ts'
import { UnknownJobError } from '../../shared/jobs/errors.ts'
import { type HttpRequest, idempotencyKey, jsonObject, mergeParameters, queryObject } from './http-request.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import { z } from 'zod'

/** The parameters of a request: its query, and of a POST its JSON body. */
export const parametersOf = (request: HttpRequest): Record<string, unknown> =>
  request.method === 'POST'
    ? mergeParameters(queryObject(request.query), jsonObject(request.body))
    : queryObject(request.query)

/** Who asks. The `Idempotency-Key` counts on a POST: a GET is repeated by nature. */
export const callerOf = (request: HttpRequest): Caller => {
  const key = request.method === 'POST' ? idempotencyKey(request) : undefined
  return { requestedBy: request.caller, ...(key === undefined ? {} : { idempotencyKey: key }) }
}

/** The model of a route `/{model}/…`, as it stands there: whether it is registered is asked later. */
export const modelOf = ({ params }: HttpRequest): string => params['model'] ?? ''

const None = z.strictObject({})

/** The job of a route `/_backup/jobs/{job_id}…`, which takes no parameters. */
export const jobIdOf = ({ params, query }: HttpRequest): string => {
  parseParameters(None, queryObject(query))
  const jobId = params['job_id'] ?? ''
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(jobId)) throw new UnknownJobError(jobId)
  return jobId
}
