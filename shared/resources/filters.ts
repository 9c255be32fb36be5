import { instantOf, zonedInstantOf } from './instant.ts'
import type { Item } from './item.ts'

/**
 * Which resources a job takes: the parameters as the caller gave them, all combined with AND, absent = no bound.
 * Meaning: `functions/API.md`. Windows are inclusive; times are ISO 8601 as given.
 */
export interface Filters {
  readonly is_deleted?: boolean
  readonly created_time_start?: string
  readonly created_time_end?: string
  readonly updated_time_start?: string
  readonly updated_time_end?: string
  readonly created_bys?: readonly string[]
  readonly updated_bys?: readonly string[]
  readonly ids?: readonly string[]
}

/** A bound of a window that is no time, or has no offset. */
export class FilterTimeError extends Error {
  override readonly name = 'FilterTimeError'
  readonly field: string

  constructor(field: string, text: string) {
    super(`${field}: ${JSON.stringify(text)} is not an ISO 8601 time with an offset, such as 2026-01-05T08:30:00Z`)
    this.field = field
  }
}

type Test = (metadata: Item) => boolean
type Bound = 'created_time_start' | 'created_time_end' | 'updated_time_start' | 'updated_time_end'

/**
 * Makes one test of a resource's metadata out of the filters. Stored times are read as instants, to the microsecond, from
 * the fields that came with the resource, never from what is derived of them. Throws `FilterTimeError`.
 */
export const compileFilters = (filters: Filters): Test => {
  const tests: Test[] = []
  const { is_deleted } = filters
  if (is_deleted !== undefined) tests.push((metadata) => (metadata['is_deleted']?.BOOL ?? false) === is_deleted)
  pushWindow(tests, 'created_time', bound(filters, 'created_time_start'), bound(filters, 'created_time_end'))
  pushWindow(tests, 'updated_time', bound(filters, 'updated_time_start'), bound(filters, 'updated_time_end'))
  pushAnyOf(tests, 'created_by', filters.created_bys)
  pushAnyOf(tests, 'updated_by', filters.updated_bys)
  pushAnyOf(tests, 'resource_id', filters.ids)
  return (metadata) => tests.every((test) => test(metadata))
}

const bound = (filters: Filters, field: Bound): string | undefined => {
  const text = filters[field]
  if (text === undefined) return undefined
  const instant = zonedInstantOf(text)
  if (instant === undefined) throw new FilterTimeError(field, text)
  return instant
}

const pushWindow = (tests: Test[], field: string, start: string | undefined, end: string | undefined): void => {
  if (start === undefined && end === undefined) return
  tests.push((metadata) => {
    const instant = instantOf(metadata[field]?.S ?? '')
    if (instant === undefined) return false
    return (start === undefined || instant >= start) && (end === undefined || instant <= end)
  })
}

const pushAnyOf = (tests: Test[], field: string, values: readonly string[] | undefined): void => {
  if (values === undefined) return
  const wanted = new Set(values)
  tests.push((metadata) => {
    const value = metadata[field]?.S
    return value !== undefined && wanted.has(value)
  })
}
