import { UsageError } from '../usage-error.ts'
import type { WantedResource } from './contents/stream-scan.ts'
import { NotInArchiveError } from './errors.ts'
import { shownId } from './shown-id.ts'

/** The description of the argument `archive`. */
export const ARCHIVE_ARGUMENT = 'a file, the id of an export job, s3://bucket/key[?versionId=…], or an https URL'

/**
 * Throws `NotInArchiveError` if the models of one or two archives do not include a model, which is then probably
 * misspelled.
 */
export const checkModel = (models: readonly string[], model: string, archives: 1 | 2 = 1): void => {
  if (models.includes(model)) return
  const [none, their] = archives === 1 ? ['the archive has no', 'its'] : ['neither archive has a', 'their']
  throw new NotInArchiveError(`${none} model ${shownId(model)}; ${their} models are: ${models.map(shownId).join(', ')}`)
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
