import * as z from 'zod'
import { FilterError, FiltersExclusiveError } from '../filters/errors.ts'
import type { Filters } from '../filters/filters.ts'
import { readQb } from '../filters/qb/read-qb.ts'
import { readConditions } from '../filters/read-conditions.ts'
import { METADATA_TIMES } from '../filters/resource-fields.ts'
import { ResourceIdError } from '../resources/errors.ts'
import { checkResourceId } from '../resources/keys.ts'
import { InvalidRequestError } from './errors.ts'
import { flag, lastValue, list, time } from './parameters.ts'

/**
 * Returns the schema of a list of resource ids. It rejects ids that no resource can have, because such ids are
 * mistakes.
 */
const resourceIds = () =>
  list().superRefine((ids, context) => {
    for (const id of ids) {
      const message = explainInvalidId(id)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    }
  })

/** Returns the schema of a list of statuses. No revision has an empty status, while a user may be empty. */
const statuses = () => list().refine((values) => !values.includes(''), 'must not contain an empty status')

const explainInvalidId = (id: string): string | undefined => {
  try {
    checkResourceId(id)
    return undefined
  } catch (error) {
    if (error instanceof ResourceIdError) return error.message
    throw error
  }
}

/** Returns the schema of a bound of a range of times, of which the last value counts. */
const bound = () => z.preprocess(lastValue, time())

/**
 * The largest size of all filters as JSON. The item of a job contains the filters, and DynamoDB limits an item to 400
 * KB.
 */
const MAX_FILTER_BYTES = 128 * 1024

/**
 * Returns the schema of a string that `read` can parse. The result of `read` is not used, because the job stores the
 * string.
 */
const expression = (read: (text: string) => unknown) =>
  z.preprocess(lastValue, z.string('must be a string')).superRefine((value, context) => {
    // `filtersIn` rejects longer strings. They are not parsed here, because this would take much time.
    if (value.length > MAX_FILTER_BYTES) return
    try {
      read(value)
    } catch (error) {
      if (!(error instanceof FilterError)) throw error
      context.addIssue({ code: 'custom', message: error.reason })
    }
  })

export const FILTER_SHAPE = {
  is_deleted: z
    .exactOptional(z.preprocess(lastValue, flag()))
    .describe('Only resources that are deleted, or only resources that are not'),
  created_time_start: z.exactOptional(bound()).describe('Only resources created at this time or later'),
  created_time_end: z.exactOptional(bound()).describe('Only resources created at this time or earlier'),
  updated_time_start: z.exactOptional(bound()).describe('Only resources updated at this time or later'),
  updated_time_end: z.exactOptional(bound()).describe('Only resources updated at this time or earlier'),
  created_bys: z.exactOptional(list()).describe('Only resources created by one of these users'),
  updated_bys: z.exactOptional(list()).describe('Only resources updated by one of these users'),
  rev_statuses: z.exactOptional(statuses()).describe('Only resources whose current revision has one of these statuses'),
  rev_created_bys: z
    .exactOptional(list())
    .describe('Only resources whose current revision was created by one of these users'),
  rev_updated_bys: z
    .exactOptional(list())
    .describe('Only resources whose current revision was updated by one of these users'),
  rev_created_time_start: z
    .exactOptional(bound())
    .describe('Only resources whose current revision was created at this time or later'),
  rev_created_time_end: z
    .exactOptional(bound())
    .describe('Only resources whose current revision was created at this time or earlier'),
  rev_updated_time_start: z
    .exactOptional(bound())
    .describe('Only resources whose current revision was updated at this time or later'),
  rev_updated_time_end: z
    .exactOptional(bound())
    .describe('Only resources whose current revision was updated at this time or earlier'),
  ids: z.exactOptional(resourceIds()).describe('Only resources with one of these ids'),
  conditions: z
    .exactOptional(expression((text) => readConditions('conditions', text)))
    .describe('A list of conditions on metadata and indexed values, as JSON text'),
  data_conditions: z
    .exactOptional(expression((text) => readConditions('data_conditions', text)))
    .describe('A list of conditions on indexed values, as JSON text'),
  qb: z
    .exactOptional(expression((text) => readQb(text, new Date())))
    .describe('A query expression. It can be combined only with `is_deleted` and `ids`'),
} as const

/** The parameters that can be combined with `qb`. */
const ALLOWED_WITH_QB: readonly string[] = ['qb', 'is_deleted', 'ids']

/** If one of these parameters is empty, it counts as absent, as in SpecStar's search. */
const EMPTY_IS_ABSENT = [
  ...METADATA_TIMES.flatMap((field) => [`${field}_start`, `${field}_end`]),
  'conditions',
  'data_conditions',
  'qb',
]

type FilterParameters = z.output<z.ZodObject<typeof FILTER_SHAPE>>

const pickFilters = (parameters: FilterParameters): Filters =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => Object.hasOwn(FILTER_SHAPE, name)))

/**
 * Returns the filters in the parameters of a request. Throws `FiltersExclusiveError` if `qb` is combined with filters
 * that cannot be combined with `qb`, and `InvalidRequestError` if the filters are too long.
 */
export const filtersIn = (parameters: FilterParameters): Filters => {
  const filters = pickFilters(parameters)
  const excluded =
    filters.qb === undefined ? [] : Object.keys(filters).filter((name) => !ALLOWED_WITH_QB.includes(name))
  if (excluded.length > 0) throw new FiltersExclusiveError(excluded)
  const sizes = Object.entries(filters).map(([field, value]) => ({ field, length: JSON.stringify(value).length }))
  const largest = sizes.toSorted((a, b) => b.length - a.length)[0]
  if (largest !== undefined && Buffer.byteLength(JSON.stringify(filters)) > MAX_FILTER_BYTES)
    throw new InvalidRequestError([
      {
        field: largest.field,
        message: `is too long: all filters together must have at most ${MAX_FILTER_BYTES} bytes as JSON`,
      },
    ])
  return filters
}

/** Removes the parameters that are empty and therefore count as absent. */
export const withoutEmptyFilters = (input: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(input).filter(([name, value]) => lastValue(value) !== '' || !EMPTY_IS_ABSENT.includes(name)),
  )
