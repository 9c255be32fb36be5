import * as z from 'zod'
import { MetadataView } from '../resources/views.ts'
import type { Item } from '../tables/item.ts'
import { boundOf, instantOf } from '../values/instant.ts'
import { ConditionFilters, conditionTests, type FilterScope } from './condition-tests.ts'
import { FilterError } from './errors.ts'
import type { MetadataTime } from './resource-fields.ts'

/**
 * The filters in the request for a job. An absent filter matches every resource. Times are in ISO 8601, and both bounds
 * of a range of times are inclusive. `functions/API.md` describes the filters.
 */
export const Filters = z
  .object({
    ...ConditionFilters.shape,
    is_deleted: z.exactOptional(z.boolean()),
    created_time_start: z.exactOptional(z.string()),
    created_time_end: z.exactOptional(z.string()),
    updated_time_start: z.exactOptional(z.string()),
    updated_time_end: z.exactOptional(z.string()),
    created_bys: z.exactOptional(z.array(z.string()).readonly()),
    updated_bys: z.exactOptional(z.array(z.string()).readonly()),
    rev_statuses: z.exactOptional(z.array(z.string()).readonly()),
    rev_created_bys: z.exactOptional(z.array(z.string()).readonly()),
    rev_updated_bys: z.exactOptional(z.array(z.string()).readonly()),
    rev_created_time_start: z.exactOptional(z.string()),
    rev_created_time_end: z.exactOptional(z.string()),
    rev_updated_time_start: z.exactOptional(z.string()),
    rev_updated_time_end: z.exactOptional(z.string()),
    ids: z.exactOptional(z.array(z.string()).readonly()),
  })
  .readonly()
export type Filters = z.output<typeof Filters>

/** Returns true if a resource with this metadata matches. Throws `FilterError` if a condition cannot be evaluated. */
export type ResourceFilter = (metadata: Item) => boolean

/**
 * Compiles all filters to one test of a resource's metadata. Throws `FilterError` if a filter is invalid.
 *
 * Filters are tested in SpecStar's order, and the first filter that does not match ends the test. A resource therefore
 * causes an error if and only if it causes an error in SpecStar. Times are read from the original fields of the
 * resource, not from attributes that the store derives.
 */
export const compileFilters = (filters: Filters, scope: FilterScope): ResourceFilter => {
  const deleted = deletionTest(filters.is_deleted)
  const tests = [
    ...oneOfTest('resource_id', filters.ids),
    ...(filters.qb === undefined ? deleted : []),
    ...windowTest('created_time', filters),
    ...windowTest('updated_time', filters),
    ...oneOfTest('created_by', filters.created_bys),
    ...oneOfTest('updated_by', filters.updated_bys),
    ...oneOfTest('rev_status', filters.rev_statuses),
    ...oneOfTest('rev_created_by', filters.rev_created_bys),
    ...oneOfTest('rev_updated_by', filters.rev_updated_bys),
    ...windowTest('rev_created_time', filters),
    ...windowTest('rev_updated_time', filters),
    ...conditionTests(filters, scope),
    // With `qb`, SpecStar tests `is_deleted` last.
    ...(filters.qb === undefined ? [] : deleted),
  ]
  return (metadata) => tests.every((test) => test(metadata))
}

const deletionTest = (expected: boolean | undefined): ResourceFilter[] =>
  expected === undefined ? [] : [(metadata) => new MetadataView(metadata).isDeleted === expected]

const oneOfTest = (field: string, values: readonly string[] | undefined): ResourceFilter[] => {
  if (values === undefined) return []
  const expected = new Set(values)
  return [
    (metadata) => {
      const actual = new MetadataView(metadata).text(field)
      return actual !== undefined && expected.has(actual)
    },
  ]
}

const windowTest = (field: MetadataTime, filters: Filters): ResourceFilter[] => {
  const start = boundIn(filters, `${field}_start`)
  const end = boundIn(filters, `${field}_end`)
  if (start === undefined && end === undefined) return []
  return [
    (metadata) => {
      const instant = instantOf(new MetadataView(metadata).text(field) ?? '')
      if (instant === undefined) return false
      return (start === undefined || instant >= start) && (end === undefined || instant <= end)
    },
  ]
}

const boundIn = (filters: Filters, parameter: `${MetadataTime}_${'start' | 'end'}`): string | undefined => {
  const text = filters[parameter]
  if (text === undefined) return undefined
  const instant = boundOf(text)
  if (instant !== undefined) return instant
  throw new FilterError(
    parameter,
    `must be a time in ISO 8601 with an offset, such as 2026-01-05T08:30:00Z, not ${JSON.stringify(text)}`,
  )
}
