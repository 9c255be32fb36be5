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
  schedule: z.exactOptional(name()).describe('Only archives of this schedule'),
  model: z.exactOptional(name()).describe('Only archives that contain this model'),
  complete: z.exactOptional(flag()).describe('Only complete archives, or only archives that are not'),
}
export const ArchiveListParameters = z.strictObject({
  ...FILTER,
  from: z.exactOptional(time()).describe('Only archives created at this time or later'),
  to: z.exactOptional(time()).describe('Only archives created before this time'),
  limit: wholeNumber('a whole number', 1, MAX_PAGE).default(50).describe('The largest number of archives on the page'),
  cursor: z.exactOptional(text()).describe('The cursor of the previous page'),
})
export const LatestArchiveParameters = z.strictObject(FILTER)

/** Parses the parameters of `GET /_backup/archives`. Throws `InvalidRequestError` if a parameter is not valid. */
export const listArchivesParameters = (query: Readonly<Record<string, unknown>>): ListArchivesOptions =>
  parseParameters(ArchiveListParameters, query)

/**
 * Parses the parameters of `GET /_backup/archives/latest`. Throws `InvalidRequestError` if a parameter is not valid.
 */
export const latestArchiveParameters = (query: Readonly<Record<string, unknown>>): ArchiveFilter =>
  parseParameters(LatestArchiveParameters, query)
