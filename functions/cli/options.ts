import { Option } from 'commander'
import * as z from 'zod'
import { FILTER_SHAPE } from '../../shared/requests/filter-parameters.ts'
import { UsageError } from './usage-error.ts'

/** An option that can be repeated. Its value is a list, which is undefined if the option is absent. */
export class RepeatableOption extends Option {
  constructor(flags: string, description: string) {
    super(flags, `${description} (repeatable)`)
    this.argParser((value: string, earlier: readonly string[] | undefined): readonly string[] => [
      ...(earlier ?? []),
      value,
    ])
  }
}

export const texts = z.array(z.string()).optional()

export const filterOption = (): Option =>
  new RepeatableOption('--filter <name=value>', 'process only matching resources, for example is_deleted=false')

/** Filters as parameters of a request. */
export type FilterValues = Readonly<Record<string, string | readonly string[]>>

/** Filters with a list of values. The others have one value. */
const LISTS = ['ids', 'created_bys', 'updated_bys', 'rev_statuses', 'rev_created_bys', 'rev_updated_bys']

/**
 * Parses the values of `--filter`. Throws `UsageError` if a filter does not exist, or if it is repeated but is not a
 * list.
 */
export const parseFilters = (given: readonly string[] = []): FilterValues => {
  const filters: Record<string, string | string[]> = {}
  for (const text of given) {
    const [name = '', ...rest] = text.split('=')
    const value = rest.join('=')
    if (rest.length === 0 || !Object.hasOwn(FILTER_SHAPE, name))
      throw new UsageError(
        `--filter: ${JSON.stringify(text)} must be NAME=VALUE with one of the names ${Object.keys(FILTER_SHAPE).join(', ')}`,
      )
    const earlier = filters[name]
    if (LISTS.includes(name)) filters[name] = [...(Array.isArray(earlier) ? earlier : []), value]
    else if (earlier === undefined) filters[name] = value
    else
      throw new UsageError(
        `--filter: ${name} is given twice, but accepts only one value; only ${LISTS.join(', ')} can be repeated`,
      )
  }
  return filters
}
