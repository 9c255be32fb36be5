import * as z from 'zod'
import { oneOf, text, wholeNumber } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import { DIFFERENCE_GROUPS } from '../../shared/restore/messages/differences.ts'
import { type HttpRequest, queryObject } from './http-request.ts'
import { jobIdOf } from './route-input.ts'

const MAX_PAGE = 1_000
export const DifferenceListParameters = z.strictObject({
  group: z.exactOptional(oneOf(DIFFERENCE_GROUPS)).describe('Only resources of this group'),
  model: z.exactOptional(text().min(1, 'must not be empty')).describe('Only resources of this model'),
  detail: oneOf(['ids', 'fields']).default('ids').describe('Whether the fields of changed resources are compared, too'),
  limit: wholeNumber('a whole number', 1, MAX_PAGE)
    .default(200)
    .describe('The largest number of resources on the page'),
  cursor: z.exactOptional(text()).describe('The cursor of the previous page'),
})
export type DifferencesParameters = z.output<typeof DifferenceListParameters> & { readonly jobId: string }

/** Parses a request of `GET /_backup/jobs/{job_id}/differences`. */
export const differencesParameters = (request: HttpRequest): DifferencesParameters => ({
  jobId: jobIdOf({ ...request, query: new URLSearchParams() }),
  ...parseParameters(DifferenceListParameters, queryObject(request.query)),
})
