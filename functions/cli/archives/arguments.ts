import { UsageError } from '../usage-error.ts'
import type { WantedResource } from './contents/stream-scan.ts'
import { ArchiveUnavailableError } from './errors.ts'

/** The description of the argument `archive`. */
export const ARCHIVE_ARGUMENT = 'a file, the id of an export job, s3://bucket/key[?versionId=…], or an https URL'

/** Throws `ArchiveUnavailableError` if an archive does not contain a model. */
export const checkModel = (models: readonly string[], model: string): void => {
  if (!models.includes(model))
    throw new ArchiveUnavailableError(`the archive has no model ${model}; its models are: ${models.join(', ')}`)
}

/** Parses `MODEL/ID`. Throws `UsageError` for another form. `option` is the option that contains it, if one does. */
export const parseModelId = (text: string, option?: '--only'): WantedResource => {
  const slash = text.indexOf('/')
  if (slash < 1 || slash === text.length - 1)
    throw new UsageError(
      `${option === undefined ? '' : `${option}: `}${JSON.stringify(text)} must be MODEL/ID, for example country/country:TW`,
    )
  return { model: text.slice(0, slash), id: text.slice(slash + 1) }
}
