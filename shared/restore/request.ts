import { z } from 'zod'
import { FILTER_SHAPE, filtersIn, flag, oneOf, text, wait, withoutEmptyFilters } from '../requests/parameters.ts'
import { parseParameters } from '../requests/parse-parameters.ts'
import { InvalidRequestError } from '../requests/errors.ts'
import { type RestoreRequest, STRATEGIES } from '../jobs/job.ts'
import type { ModelRegistry } from '../resources/models.ts'
import { compileFilters, type Filters } from '../filters/filters.ts'

/** A restore as a caller asked for it, without its archive. */
export interface RestoreParameters {
  readonly filters: Filters
  readonly on_duplicate: RestoreRequest['on_duplicate']
  readonly dry_run: boolean
  readonly waitSeconds: number
}

/** Where a caller says that the archive lies. */
export type From =
  { readonly job_id: string } | { readonly bucket: string; readonly key: string; readonly version_id?: string }

const SHAPE = {
  ...FILTER_SHAPE,
  on_duplicate: oneOf(STRATEGIES).default('overwrite'),
  dry_run: flag().default(false),
  wait: wait(),
}
const Parameters = z.strictObject(SHAPE)
/** S3's own bound on keys, in bytes; the others are shorter. */
const name = () =>
  text()
    .min(1, 'must not be empty')
    .refine((value) => value.isWellFormed(), 'must be valid Unicode')
    .refine((value) => Buffer.byteLength(value) <= 1024, 'is longer than 1,024 bytes')
const FromShape = z.strictObject(
  {
    job_id: z.exactOptional(name()),
    bucket: z.exactOptional(name()),
    key: z.exactOptional(name()),
    version_id: z.exactOptional(name()),
  },
  'must be {"job_id"} or {"bucket", "key", "version_id"?}',
)
const ParametersWithFrom = z.strictObject({ ...SHAPE, from: FromShape })

/** Reads the query of an import whose body is the archive, or empty. */
export const restoreParameters = (query: Readonly<Record<string, unknown>>): RestoreParameters =>
  fromOptions(parseParameters(Parameters, withoutEmptyFilters(query)))

/** Reads query and JSON body of an import of an archive that lies somewhere. */
export const restoreFromParameters = (
  input: Readonly<Record<string, unknown>>,
): { readonly parameters: RestoreParameters; readonly from: From } => {
  const { from, ...options } = parseParameters(ParametersWithFrom, withoutEmptyFilters(input))
  return { parameters: fromOptions(options), from: placeOfFrom(from) }
}

const fromOptions = (options: z.output<typeof Parameters>): RestoreParameters => ({
  filters: filtersIn(options),
  on_duplicate: options.on_duplicate,
  dry_run: options.dry_run,
  waitSeconds: options.wait,
})

const placeOfFrom = ({ job_id, bucket, key, version_id }: z.output<typeof FromShape>): From => {
  if (job_id !== undefined && bucket === undefined && key === undefined && version_id === undefined) return { job_id }
  if (job_id === undefined && bucket !== undefined && key !== undefined)
    return { bucket, key, ...(version_id === undefined ? {} : { version_id }) }
  throw new InvalidRequestError([
    {
      field: 'from',
      message:
        'must be either {"job_id"} of an export, or {"bucket", "key"} of an object with "version_id" where wanted',
    },
  ])
}

/** What the job holds, without its archive. Throws `UnknownModelError` for a route's model that is not registered. */
export const restoreRequest = (
  { filters, on_duplicate, dry_run }: RestoreParameters,
  registry: ModelRegistry,
  routeModel?: string,
): RestoreRequest => {
  // Which models an archive holds is not known yet; where the route says it, its filters are tried now.
  if (routeModel !== undefined) compileFilters(filters, { model: registry.get(routeModel), askedAt: new Date() })
  return {
    ...(routeModel === undefined ? {} : { models: [routeModel], route_model: routeModel }),
    filters,
    on_duplicate,
    dry_run,
  }
}
