import { z } from 'zod'
import { FilterError, FiltersExclusiveError } from '../filters/errors.ts'
import type { Filters } from '../filters/filters.ts'
import { readQb } from '../filters/qb/read-qb.ts'
import { readConditions } from '../filters/read-conditions.ts'
import { METADATA_TIMES } from '../filters/resource-fields.ts'
import { ResourceIdError } from '../resources/errors.ts'
import { checkResourceId } from '../resources/keys.ts'
import { boundOf } from '../values/instant.ts'
import { InvalidRequestError } from './errors.ts'
import { flag, lastValue, list } from './parameters.ts'

/** Ids that no resource can have are rejected: they are mistakes. */
const resourceIds = () =>
  list().superRefine((ids, context) => {
    for (const id of ids) {
      const message = explainInvalidId(id)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    }
  })

const explainInvalidId = (id: string): string | undefined => {
  try {
    checkResourceId(id)
    return undefined
  } catch (error) {
    if (error instanceof ResourceIdError) return error.message
    throw error
  }
}

const TIME =
  'must be a time in ISO 8601 with an offset, such as 2026-01-05T08:30:00Z, or in a query 2026-01-05T08:30:00%2B08:00'

/** A bound of a time window, parsed by the same function as in the filters. */
const bound = () => z.preprocess(lastValue, z.string(TIME)).refine((value) => boundOf(value) !== undefined, TIME)

/** A job contains its filters, and DynamoDB limits its item to 400 KB. */
const MAX_FILTER_BYTES = 128 * 1024

/** A text that `read` can parse. It is kept as text. */
const expression = (read: (text: string) => unknown) =>
  z.preprocess(lastValue, z.string('must be a text')).superRefine((value, context) => {
    // Longer text is rejected by `filtersIn`, without the time to parse it.
    if (value.length > MAX_FILTER_BYTES) return
    try {
      read(value)
    } catch (error) {
      if (!(error instanceof FilterError)) throw error
      context.addIssue({ code: 'custom', message: error.reason })
    }
  })

export const FILTER_SHAPE = {
  is_deleted: z.exactOptional(z.preprocess(lastValue, flag())),
  created_time_start: z.exactOptional(bound()),
  created_time_end: z.exactOptional(bound()),
  updated_time_start: z.exactOptional(bound()),
  updated_time_end: z.exactOptional(bound()),
  created_bys: z.exactOptional(list()),
  updated_bys: z.exactOptional(list()),
  rev_statuses: z.exactOptional(list()),
  rev_created_bys: z.exactOptional(list()),
  rev_updated_bys: z.exactOptional(list()),
  rev_created_time_start: z.exactOptional(bound()),
  rev_created_time_end: z.exactOptional(bound()),
  rev_updated_time_start: z.exactOptional(bound()),
  rev_updated_time_end: z.exactOptional(bound()),
  ids: z.exactOptional(resourceIds()),
  conditions: z.exactOptional(expression((text) => readConditions('conditions', text))),
  data_conditions: z.exactOptional(expression((text) => readConditions('data_conditions', text))),
  qb: z.exactOptional(expression((text) => readQb(text, new Date()))),
} as const

/** The parameters that can be combined with `qb`. */
const ALLOWED_WITH_QB: readonly string[] = ['qb', 'is_deleted', 'ids']

/** An empty value of these counts as absent, as in SpecStar's search. */
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
 * The filters among a request's parameters. Throws `FiltersExclusiveError`, and `InvalidRequestError` if they are too
 * long.
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
        message: `is too long: all filters together must not exceed ${MAX_FILTER_BYTES} bytes as JSON`,
      },
    ])
  return filters
}

/** Removes empty parameters that count as absent. */
export const withoutEmptyFilters = (input: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(input).filter(([name, value]) => lastValue(value) !== '' || !EMPTY_IS_ABSENT.includes(name)),
  )
