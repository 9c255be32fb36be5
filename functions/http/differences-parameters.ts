import * as z from 'zod'
import { oneOf, text, wholeNumber } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import { DIFFERENCE_GROUPS } from '../../shared/restore/messages/differences.ts'
import { type HttpRequest, queryObject } from './http-request.ts'
import { jobIdOf } from './route-input.ts'

const MAX_PAGE = 1_000
const Parameters = z.strictObject({
  group: z.exactOptional(oneOf(DIFFERENCE_GROUPS)),
  model: z.exactOptional(text()),
  detail: oneOf(['ids', 'fields']).default('ids'),
  limit: wholeNumber('a whole number', 1, MAX_PAGE).default(200),
  cursor: z.exactOptional(text()),
})
export type DifferencesParameters = z.output<typeof Parameters> & { readonly jobId: string }

/** Parses a request of `GET /_backup/jobs/{job_id}/differences`. */
export const differencesParameters = (request: HttpRequest): DifferencesParameters => ({
  jobId: jobIdOf({ ...request, query: new URLSearchParams() }),
  ...parseParameters(Parameters, queryObject(request.query)),
})
