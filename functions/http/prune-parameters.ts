import * as z from 'zod'
import { text, wholeNumber } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import type { PageOptions } from '../../shared/schedules/explain-prune.ts'

/** The largest number of objects on a page. S3 also lists at most 1,000 objects with one request. */
const MAX_PAGE = 1000
export const PruneParameters = z.strictObject({
  limit: wholeNumber('a whole number', 1, MAX_PAGE).default(200).describe('The largest number of objects on the page'),
  cursor: z.exactOptional(text()).describe('The cursor of the previous page'),
})

/** Parses the parameters of `GET /_backup/prune`. Throws `InvalidRequestError` if a parameter is not valid. */
export const pruneParameters = (query: Readonly<Record<string, unknown>>): PageOptions =>
  parseParameters(PruneParameters, query)
