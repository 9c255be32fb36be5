import * as z from 'zod'
import { STRATEGIES } from '../../shared/jobs/job-request.ts'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import { FILTER_SHAPE, filtersIn, withoutEmptyFilters } from '../../shared/requests/filter-parameters.ts'
import { flag, oneOf, text } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import type { ArchiveSourceRequest, RestoreOptions } from '../../shared/restore/request.ts'
import { wait } from './wait-parameter.ts'

/** Parameters of the import routes. */
export interface RestoreParameters extends RestoreOptions {
  readonly waitSeconds: number
}

const SHAPE = {
  ...FILTER_SHAPE,
  on_duplicate: oneOf(STRATEGIES).default('overwrite'),
  dry_run: flag().default(false),
  strict: flag().default(true),
  wait: wait(),
}
const Parameters = z.strictObject(SHAPE)
/** Names of buckets, keys, versions and jobs. S3 limits keys to 1,024 bytes; the other names are shorter. */
const name = () =>
  text()
    .min(1, 'must not be empty')
    .refine((value) => value.isWellFormed(), 'must be valid Unicode')
    .refine((value) => !value.includes('\0'), 'must not contain U+0000')
    .refine((value) => Buffer.byteLength(value) <= 1024, 'must be at most 1,024 bytes long')
const FROM_MESSAGE =
  'must be an object with "job_id" (of an export), or with "bucket", "key" and an optional "version_id"'
const FromShape = z.strictObject(
  {
    job_id: z.exactOptional(name()),
    bucket: z.exactOptional(name()),
    key: z.exactOptional(name()),
    version_id: z.exactOptional(name()),
  },
  FROM_MESSAGE,
)
const ParametersWithFrom = z.strictObject({ ...SHAPE, from: FromShape })

/** Reads the parameters of an import request from its query. The body is empty or contains the archive. */
export const restoreParameters = (query: Readonly<Record<string, unknown>>): RestoreParameters =>
  fromOptions(parseParameters(Parameters, withoutEmptyFilters(query)))

/** Reads the parameters of an import request with a JSON body. `input` combines the query and the body. */
export const restoreFromParameters = (
  input: Readonly<Record<string, unknown>>,
): { readonly parameters: RestoreParameters; readonly from: ArchiveSourceRequest } => {
  const { from, ...options } = parseParameters(ParametersWithFrom, withoutEmptyFilters(input))
  return { parameters: fromOptions(options), from: archiveSource(from) }
}

const fromOptions = (options: z.output<typeof Parameters>): RestoreParameters => ({
  filters: filtersIn(options),
  on_duplicate: options.on_duplicate,
  dry_run: options.dry_run,
  strict: options.strict,
  waitSeconds: options.wait,
})

const archiveSource = ({ job_id, bucket, key, version_id }: z.output<typeof FromShape>): ArchiveSourceRequest => {
  if (job_id !== undefined && bucket === undefined && key === undefined && version_id === undefined) return { job_id }
  if (job_id === undefined && bucket !== undefined && key !== undefined)
    return { bucket, key, ...(version_id === undefined ? {} : { version_id }) }
  throw new InvalidRequestError([{ field: 'from', message: FROM_MESSAGE }])
}
