import * as z from 'zod'
import type { ExportOptions } from '../../shared/export/request.ts'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import { FILTER_SHAPE, filtersIn, withoutEmptyFilters } from '../../shared/requests/filter-parameters.ts'
import { flag, list, oneOf } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import { isBlank } from '../../shared/values/python-whitespace.ts'
import { wait } from './wait-parameter.ts'

/** Parameters of the export routes. */
export interface ExportParameters extends ExportOptions {
  readonly waitSeconds: number
  readonly redirect: boolean
}

const OPTIONS = {
  ...FILTER_SHAPE,
  strict: flag()
    .default(true)
    .describe('If false, the export leaves out what cannot be exported, and its status is `partial`'),
  format: oneOf(['acbak', 'specstar'])
    .default('acbak')
    .describe('An archive of version 3 (`acbak`), or a stream that SpecStar can import'),
  wait: wait(),
  redirect: z.exactOptional(flag()).describe('If true, the response is a redirect to the archive'),
}
export const ModelExportParameters = z.strictObject(OPTIONS)
export const BackupExportParameters = z.strictObject({
  models: z.exactOptional(list()).describe('The models to export. By default, all registered models'),
  ...OPTIONS,
})

/** Choices of an export that depend on the headers of its request. */
interface HeaderOptions {
  /** The value of `redirect` if the request does not contain this parameter. */
  readonly redirectByDefault: boolean
}

const NO_OPTIONS: HeaderOptions = { redirectByDefault: false }

/** Reads the parameters of `/{model}/export`. */
export const modelExportParameters = (
  input: Readonly<Record<string, unknown>>,
  headers: HeaderOptions = NO_OPTIONS,
): ExportParameters => exportParameters(parseParameters(ModelExportParameters, withoutEmptyFilters(input)), headers)

/** Reads the parameters of `/_backup/export`. `models` may be repeated or be a list separated by commas. */
export const backupExportParameters = (
  input: Readonly<Record<string, unknown>>,
  headers: HeaderOptions = NO_OPTIONS,
): ExportParameters => {
  const { models, ...options } = parseParameters(BackupExportParameters, withoutEmptyFilters(input))
  if (models === undefined) return exportParameters(options, headers)
  const names = models.flatMap((name) => name.split(',')).map((name) => name.trim())
  if (names.includes('')) {
    const message =
      'contains an empty name; list names of registered models, or leave out the parameter to export all of them'
    throw new InvalidRequestError([{ field: 'models', message }])
  }
  return { ...exportParameters(options, headers), models: [...new Set(names)] }
}

const exportParameters = (
  options: z.output<typeof ModelExportParameters>,
  { redirectByDefault }: HeaderOptions,
): ExportParameters => {
  if (options.format === 'specstar' && options.ids?.some(isBlank) === true)
    throw new InvalidRequestError([{ field: 'ids', message: 'contains a blank id, which SpecStar does not accept' }])
  return {
    filters: filtersIn(options),
    strict: options.strict,
    format: options.format,
    waitSeconds: options.wait,
    redirect: options.redirect ?? redirectByDefault,
  }
}
