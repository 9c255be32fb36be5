import * as z from 'zod'
import type { ArchiveFilter } from '../../shared/catalogue/archive-search.ts'
import type { ListArchivesOptions } from '../../shared/catalogue/list-archives.ts'
import { flag, text, time, wholeNumber } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import { boundOf } from '../../shared/values/instant.ts'
import { must } from '../../shared/values/must.ts'

/** The largest number of archives on a page. Each of them is looked up in S3. */
const MAX_PAGE = 200
/** The length of an instant until the end of its milliseconds. */
const MILLISECONDS_END = '2026-01-01T00:00:00.000'.length

/** Returns the schema of a time. The result is in UTC with milliseconds, as the catalogue stores times. */
const millisecond = () => time().transform((value) => `${must(boundOf(value)).slice(0, MILLISECONDS_END)}Z`)

const name = () => text().min(1, 'must not be empty')

const FILTER = {
  schedule: z.exactOptional(name()).describe('Only archives of this schedule'),
  model: z.exactOptional(name()).describe('Only archives that contain this model'),
  complete: z.exactOptional(flag()).describe('Only complete archives, or only archives that are not'),
}
export const ArchiveListParameters = z.strictObject({
  ...FILTER,
  from: z.exactOptional(millisecond()).describe('Only archives created at this time or later'),
  to: z.exactOptional(millisecond()).describe('Only archives created before this time'),
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
