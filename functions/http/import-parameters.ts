import * as z from 'zod'
import { STRATEGIES } from '../../shared/jobs/job-request.ts'
import { FILTER_SHAPE, filtersIn, withoutEmptyFilters } from '../../shared/requests/filter-parameters.ts'
import { flag, oneOf } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import type { ArchiveSourceRequest, RestoreOptions } from '../../shared/restore/request.ts'
import { archiveSource, From } from './archive-source.ts'
import { wait } from './wait-parameter.ts'

/** Parameters of the import routes. */
export interface RestoreParameters extends RestoreOptions {
  readonly waitSeconds: number
}

const SHAPE = {
  ...FILTER_SHAPE,
  on_duplicate: oneOf(STRATEGIES).default('overwrite').describe('What happens to resources that exist already'),
  dry_run: flag().default(false).describe('If true, the restore writes nothing, and counts what it would change'),
  strict: flag().default(true).describe('If false, the restore leaves out resources that cannot be restored'),
  wait: wait(),
}
export const ImportParameters = z.strictObject(SHAPE)
export const ImportFromParameters = z.strictObject({ ...SHAPE, from: From })

/** Reads the parameters of an import request from its query. The body is empty or contains the archive. */
export const restoreParameters = (query: Readonly<Record<string, unknown>>): RestoreParameters =>
  fromOptions(parseParameters(ImportParameters, withoutEmptyFilters(query)))

/** Reads the parameters of an import request with a JSON body. `input` combines the query and the body. */
export const restoreFromParameters = (
  input: Readonly<Record<string, unknown>>,
): { readonly parameters: RestoreParameters; readonly from: ArchiveSourceRequest } => {
  const { from, ...options } = parseParameters(ImportFromParameters, withoutEmptyFilters(input))
  return { parameters: fromOptions(options), from: archiveSource(from) }
}

const fromOptions = (options: z.output<typeof ImportParameters>): RestoreParameters => ({
  filters: filtersIn(options),
  on_duplicate: options.on_duplicate,
  dry_run: options.dry_run,
  strict: options.strict,
  waitSeconds: options.wait,
})
