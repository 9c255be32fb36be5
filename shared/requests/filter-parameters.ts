import { z } from 'zod'
import { type Filters, WINDOWS } from '../filters/filters.ts'
import { boundOf } from '../values/instant.ts'
import { FilterError, FiltersExclusiveError } from '../filters/errors.ts'
import { readConditions } from '../filters/read-conditions.ts'
import { readQb } from '../filters/qb/read-qb.ts'
import { checkResourceId } from '../resources/keys.ts'
import { ResourceIdError } from '../resources/errors.ts'
import { InvalidRequestError } from './errors.ts'
import { flag, lastOf, list } from './parameters.ts'

/** Ids that a resource can have: any other one is a mistake, and not the name of nothing. */
const resourceIds = () =>
  list().superRefine((ids, context) => {
    for (const id of ids) {
      const message = whyNoResourceId(id)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    }
  })

const whyNoResourceId = (id: string): string | undefined => {
  try {
    checkResourceId(id)
    return undefined
  } catch (error) {
    if (error instanceof ResourceIdError) return error.message
    throw error
  }
}

/** A bound of a window of time: ISO 8601 with an offset. SpecStar takes the last one where it is repeated. */
const bound = () => z.preprocess(lastOf, z.string(TIME)).refine(isInstant, TIME)

/** The filters themselves say what a time is, so that the door and the search cannot differ. */
const isInstant = (value: string): boolean => boundOf(value) !== undefined

const TIME =
  'must be a time in ISO 8601 with an offset, such as 2026-01-05T08:30:00Z or 2026-01-05T08:30:00%2B08:00 in a query'

/** The job holds its filters, and is an item of the job table: 400 KB with all else that it holds. */
const MAX_FILTER_BYTES = 128 * 1024

/** An expression, kept as its text; the last one where it is repeated, as in SpecStar. */
const expression = (read: (text: string) => unknown) =>
  z.preprocess(lastOf, z.string('must be given as a text')).superRefine((value, context) => {
    // Nobody waits for megabytes to be parsed that cannot be kept.
    if (value.length > MAX_FILTER_BYTES) return
    try {
      read(value)
    } catch (error) {
      if (!(error instanceof FilterError)) throw error
      context.addIssue({ code: 'custom', message: error.reason })
    }
  })

export const FILTER_SHAPE = {
  is_deleted: z.exactOptional(z.preprocess(lastOf, flag())),
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

/** Beside `qb` stand these alone: whether deleted ones are meant, and the ids of a backup. */
const BESIDE_QB: readonly string[] = ['qb', 'is_deleted', 'ids']

/** Where empty means absent, as in search. */
const EMPTY_IS_ABSENT = [
  ...WINDOWS.flatMap((field) => [`${field}_start`, `${field}_end`]),
  'conditions',
  'data_conditions',
  'qb',
]

type FilterParameters = z.output<z.ZodObject<typeof FILTER_SHAPE>>

const filtersAmong = (parameters: FilterParameters): Filters =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => Object.hasOwn(FILTER_SHAPE, name)))

/**
 * The filters among a request's parameters. Throws `FiltersExclusiveError`, and `InvalidRequestError` where they are too long
 * to be kept.
 */
export const filtersIn = (parameters: FilterParameters): Filters => {
  const filters = filtersAmong(parameters)
  const excluded = filters.qb === undefined ? [] : Object.keys(filters).filter((name) => !BESIDE_QB.includes(name))
  if (excluded.length > 0) throw new FiltersExclusiveError(excluded)
  const sizes = Object.entries(filters).map(([field, value]) => ({ field, length: JSON.stringify(value).length }))
  const largest = sizes.toSorted((a, b) => b.length - a.length)[0]
  if (largest !== undefined && Buffer.byteLength(JSON.stringify(filters)) > MAX_FILTER_BYTES)
    throw new InvalidRequestError([
      { field: largest.field, message: `is too long: all filters together may take ${MAX_FILTER_BYTES} bytes as JSON` },
    ])
  return filters
}

/** Parameters without those that are empty where empty means absent. */
export const withoutEmptyFilters = (input: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(input).filter(([name, value]) => lastOf(value) !== '' || !EMPTY_IS_ABSENT.includes(name)),
  )
