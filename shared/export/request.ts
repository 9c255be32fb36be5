import { z } from 'zod'
import { InvalidRequestError } from '../requests/errors.ts'
import { FILTER_SHAPE, filtersIn, flag, list, oneOf, wait, withoutEmptyFilters } from '../requests/parameters.ts'
import { parseParameters } from '../requests/parse-parameters.ts'
import type { ExportRequest } from '../jobs/job.ts'
import type { ModelRegistry } from '../resources/models.ts'
import { isBlank } from '../values/python-space.ts'
import { compileFilters, type Filters } from '../filters/filters.ts'

/** An export as it was asked for by a caller, before the models are looked up. */
export interface ExportParameters {
  /** Absent: all registered models. */
  readonly models?: readonly string[]
  readonly filters: Filters
  readonly strict: boolean
  readonly format: ExportRequest['format']
  readonly waitSeconds: number
  readonly redirect: boolean
}

const OPTIONS = {
  ...FILTER_SHAPE,
  strict: flag().default(true),
  format: oneOf(['acbak', 'specstar']).default('acbak'),
  wait: wait(),
  redirect: flag().default(false),
}
const ModelParameters = z.strictObject(OPTIONS)
const AllParameters = z.strictObject({ models: z.exactOptional(list()), ...OPTIONS })

/** Reads the parameters of `/{model}/export`. */
export const modelExportParameters = (input: Readonly<Record<string, unknown>>): ExportParameters =>
  exportParameters(parseParameters(ModelParameters, withoutEmptyFilters(input)))

/** Reads the parameters of `/_backup/export`, where `models` may be repeated or joined by commas. */
export const allExportParameters = (input: Readonly<Record<string, unknown>>): ExportParameters => {
  const { models, ...options } = parseParameters(AllParameters, withoutEmptyFilters(input))
  if (models === undefined) return exportParameters(options)
  const names = models.flatMap((name) => name.split(',')).map((name) => name.trim())
  if (names.includes('')) throw new InvalidRequestError([{ field: 'models', message: 'holds an empty name' }])
  return { ...exportParameters(options), models: [...new Set(names)] }
}

const exportParameters = (options: z.output<typeof ModelParameters>): ExportParameters => {
  if (options.format === 'specstar' && options.ids?.some(isBlank) === true)
    throw new InvalidRequestError([{ field: 'ids', message: 'holds a blank id, which SpecStar does not take' }])
  return {
    filters: filtersIn(options),
    strict: options.strict,
    format: options.format,
    waitSeconds: options.wait,
    redirect: options.redirect,
  }
}

/**
 * What the job holds. Throws `UnknownModelError` for a model that is not registered, and `FilterError` for a filter that no
 * resource of a model can be asked.
 */
export const exportRequest = (
  { models, filters, strict, format }: ExportParameters,
  registry: ModelRegistry,
  routeModel?: string,
): ExportRequest => {
  const wanted = routeModel === undefined ? (models ?? registry.names) : [routeModel]
  for (const name of wanted) compileFilters(filters, { model: registry.get(name), askedAt: new Date() })
  return {
    // In the registry's own order, so that two requests for the same models are the same request.
    models: registry.names.filter((name) => wanted.includes(name)),
    ...(routeModel === undefined ? {} : { route_model: routeModel }),
    filters,
    strict,
    format,
  }
}
