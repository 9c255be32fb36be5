import type { Argument, Option } from 'commander'
import { FILTER_SHAPE } from '../../shared/requests/filter-parameters.ts'

/** The arguments that name an archive, which a request contains as its parameter `from`. */
const ARCHIVE_ARGUMENTS = ['archive', 'old']

/**
 * Returns a function that returns the argument or option of a command that a user must change, if the API rejects the
 * field of a request. Returns the field itself if the user cannot change it, such as `cursor`.
 *
 * @example
 * fieldNames(RESTORE)('on_duplicate') // '--on-duplicate'
 * fieldNames(RESTORE)('from.key') // 'archive'
 * fieldNames(RESTORE)('is_deleted') // '--filter is_deleted'
 */
export const fieldNames = ({
  arguments: given = [],
  options = [],
}: {
  readonly arguments?: readonly Argument[]
  readonly options?: readonly Option[]
}): ((field: string) => string) => {
  const optionOf = (attribute: string): string | undefined =>
    options.find((option) => option.attributeName() === attribute)?.long ?? undefined
  const archive = given.map((argument) => argument.name()).find((name) => ARCHIVE_ARGUMENTS.includes(name))
  const filter = optionOf('filter')
  return (field) => {
    const [first = field] = field.split('.')
    // The API does not wait for the command, whatever its option `--wait` is.
    if (first === 'wait') return field
    const option = optionOf(first === 'models' ? 'model' : camelCase(first))
    if (option !== undefined) return option
    if (first === 'from' && archive !== undefined) return archive
    if (filter === undefined || !Object.hasOwn(FILTER_SHAPE, first)) return field
    const only = first === 'ids' ? optionOf('only') : undefined
    return only === undefined ? `${filter} ${field}` : `${only} or ${filter} ${field}`
  }
}

/** Returns a name as commander does: `dry-run` and `dry_run` become `dryRun`. */
export const camelCase = (name: string): string =>
  name.replace(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase())
