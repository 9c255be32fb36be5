import * as z from 'zod'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import type { Answer } from './answer.ts'
import type { HttpRequest } from './http-request.ts'
import { RESULT_STATUSES } from './result-status.ts'

/** The header with which a client of SpecStar's import routes requests SpecStar's own answers. */
const HEADER = 'x-specstar-response'

/** The counts of one model, as SpecStar's import routes return them. */
const SpecStarCounts = z
  .object({
    loaded: z.int().describe('The number of resources that were written'),
    skipped: z.int().describe('The number of existing resources that were not changed, because of `on_duplicate=skip`'),
    total: z
      .int()
      .describe(
        'The sum of `loaded` and `skipped`. Resources that cannot be restored are left out with `strict=false`, and not counted',
      ),
  })
  .readonly()

/**
 * The response with status 200 to an import with the header `X-SpecStar-Response: 1`: the counts of the model in the
 * route, or the counts of each model of the archive.
 */
export const SpecStarImportView = z.union([SpecStarCounts, z.record(z.string(), SpecStarCounts).readonly()])
type SpecStarImportView = z.output<typeof SpecStarImportView>

/** The response to a request with this header that has failed. SpecStar's errors have only a text. */
export const SpecStarErrorView = z.object({ detail: z.string() }).readonly()
type SpecStarErrorView = z.output<typeof SpecStarErrorView>

/**
 * If a request has the header, checks that SpecStar has an answer for the request. Throws `InvalidRequestError` if the
 * value of the header is not 1, if the request opens an upload slot, or if it is a dry run.
 */
export const checkSpecStarRequest = (
  { headers }: Pick<HttpRequest, 'headers'>,
  { opensSlot, dryRun }: { readonly opensSlot: boolean; readonly dryRun: boolean },
): void => {
  const value = headers[HEADER]
  if (value === undefined) return
  if (value !== '1')
    throw invalid('X-SpecStar-Response', 'must be 1; leave the header out for the responses of this API')
  if (opensSlot)
    throw invalid(
      'body',
      'is empty; with the header X-SpecStar-Response, the request must contain the archive or `from`',
    )
  if (dryRun) throw invalid('dry_run', 'cannot be combined with the header X-SpecStar-Response')
}

const invalid = (field: string, message: string): InvalidRequestError => new InvalidRequestError([{ field, message }])

const JOB = { job_id: z.string(), status: z.enum(RESULT_STATUSES) }

/** The part of a result that SpecStar's responses contain. The counts are at the top level if the route has a model. */
const ImportResult = z.union([
  z.object({ ...JOB, models: z.record(z.string(), SpecStarCounts) }).readonly(),
  z.object({ ...JOB, ...SpecStarCounts.unwrap().shape }).readonly(),
])

/** The part of a problem that SpecStar's responses contain. `instance` is the path of the job that has failed. */
const Failure = z.object({ detail: z.string(), instance: z.exactOptional(z.string()) }).readonly()

/**
 * Converts the response to an import, if the request has the header. Only results and problems are converted: SpecStar
 * has no response for a restore that is still running.
 */
export const specStarAnswer = (request: Pick<HttpRequest, 'headers'>, answer: Answer): Answer => {
  if (request.headers[HEADER] === undefined) return answer
  if (answer.status >= 400) return failureAnswer(answer)
  return answer.status === 200 ? resultAnswer(answer) : answer
}

const resultAnswer = (answer: Answer): Answer => {
  const { job_id, status, ...result } = ImportResult.parse(answer.body)
  const body: SpecStarImportView = 'models' in result ? result.models : result
  return { ...answer, body, headers: { ...answer.headers, 'x-job-id': job_id, 'x-job-status': status } }
}

const failureAnswer = (answer: Answer): Answer => {
  const { detail, instance } = Failure.parse(answer.body)
  const body: SpecStarErrorView = { detail }
  const job = instance === undefined ? {} : { 'x-job-id': instance.slice(instance.lastIndexOf('/') + 1) }
  return { ...answer, body, headers: { ...answer.headers, 'content-type': 'application/json', ...job } }
}
