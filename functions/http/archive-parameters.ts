import * as z from 'zod'
import type { ArchiveFilter } from '../../shared/catalogue/archive-search.ts'
import type { ListArchivesOptions } from '../../shared/catalogue/list-archives.ts'
import { flag, text, wholeNumber } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'

/** The largest number of archives on a page. Each of them is looked up in S3. */
const MAX_PAGE = 200

const TIME = 'must be a time with a time zone, such as 2026-01-31T00:00:00Z'
/** Returns the schema of a time. The result is in UTC with milliseconds, as the catalogue stores times. */
const time = () =>
  text()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/, TIME)
    .transform((value, context): string => {
      const at = new Date(value)
      // An offset can move the first and the last hours of the supported years to a year with another number of digits.
      if (!Number.isNaN(at.getTime()) && /^\d{4}-/.test(at.toISOString())) return at.toISOString()
      context.addIssue({ code: 'custom', message: TIME })
      return z.NEVER
    })

const name = () => text().min(1, 'must not be empty')

const FILTER = {
  schedule: z.exactOptional(name()),
  model: z.exactOptional(name()),
  complete: z.exactOptional(flag()),
}
const ListParameters = z.strictObject({
  ...FILTER,
  from: z.exactOptional(time()),
  to: z.exactOptional(time()),
  limit: wholeNumber('a whole number', 1, MAX_PAGE).default(50),
  cursor: z.exactOptional(text()),
})
const LatestParameters = z.strictObject(FILTER)

/** Parses the parameters of `GET /_backup/archives`. Throws `InvalidRequestError` if a parameter is not valid. */
export const listArchivesParameters = (query: Readonly<Record<string, unknown>>): ListArchivesOptions =>
  parseParameters(ListParameters, query)

/** Parses the parameters of `GET /_backup/archives/latest`. Throws `InvalidRequestError` if a parameter is not valid. */
export const latestArchiveParameters = (query: Readonly<Record<string, unknown>>): ArchiveFilter =>
  parseParameters(LatestParameters, query)
