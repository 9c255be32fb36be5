import { instantOf, boundOf } from '../values/instant.ts'
import type { Item } from '../tables/item.ts'
import type { Model } from '../resources/models.ts'
import { MetadataView } from '../resources/views.ts'
import { quoteId } from '../values/quote-id.ts'
import { type Condition, textOfList } from './condition.ts'
import { FilterError } from './errors.ts'
import { answer, type Lookup } from './evaluate.ts'
import { Fields } from './fields.ts'
import { NoOrderError } from './python/comparison.ts'
import { readQb } from './qb/read-qb.ts'
import { readConditions } from './read-conditions.ts'

/**
 * Which resources a job takes: the parameters as the caller gave them, all combined with AND, absent = no bound.
 * Meaning: `functions/API.md`. Windows are inclusive; times are ISO 8601 as given. `conditions` and `data_conditions` are JSON
 * text, so that their numbers stay what they are.
 */
export interface Filters {
  readonly is_deleted?: boolean
  readonly created_time_start?: string
  readonly created_time_end?: string
  readonly updated_time_start?: string
  readonly updated_time_end?: string
  readonly created_bys?: readonly string[]
  readonly updated_bys?: readonly string[]
  readonly rev_statuses?: readonly string[]
  readonly rev_created_bys?: readonly string[]
  readonly rev_updated_bys?: readonly string[]
  readonly rev_created_time_start?: string
  readonly rev_created_time_end?: string
  readonly rev_updated_time_start?: string
  readonly rev_updated_time_end?: string
  readonly ids?: readonly string[]
  readonly conditions?: string
  readonly data_conditions?: string
  readonly qb?: string
}

/** What filters are read against. */
export interface FilterScope {
  readonly model: Pick<Model, 'name' | 'indexed' | 'references'>
  /** When the job was asked for: what `today()` in `qb` counts from, so that every pass counts from the same. */
  readonly askedAt: Date
}

/** Whether a resource is taken, by its metadata. Throws `FilterError` where a condition does not fit the resource's values. */
export type ResourceFilter = (metadata: Item) => boolean

export const WINDOWS = ['created_time', 'updated_time', 'rev_created_time', 'rev_updated_time'] as const
const ANY_OF = [
  ['created_bys', 'created_by'],
  ['updated_bys', 'updated_by'],
  ['rev_statuses', 'rev_status'],
  ['rev_created_bys', 'rev_created_by'],
  ['rev_updated_bys', 'rev_updated_by'],
] as const

/**
 * Makes one test of a resource's metadata out of the filters. It asks in SpecStar's order and stops at the first no, so that an
 * error shows where SpecStar's would. Stored times are read as instants, to the microsecond, from the fields that came with
 * the resource, never from what is derived of them. Throws `FilterError`.
 */
export const compileFilters = (filters: Filters, scope: FilterScope): ResourceFilter => {
  const tests: ResourceFilter[] = []
  pushAnyOf(tests, 'resource_id', filters.ids)
  // With `qb`, deletion is asked for last.
  if (filters.qb === undefined) pushDeleted(tests, filters.is_deleted)
  pushWindow(tests, filters, 'created_time')
  pushWindow(tests, filters, 'updated_time')
  for (const [parameter, field] of ANY_OF) pushAnyOf(tests, field, filters[parameter])
  pushWindow(tests, filters, 'rev_created_time')
  pushWindow(tests, filters, 'rev_updated_time')
  pushConditions(tests, filters, scope)
  if (filters.qb !== undefined) pushDeleted(tests, filters.is_deleted)
  return (metadata) => tests.every((test) => test(metadata))
}

const pushDeleted = (tests: ResourceFilter[], wanted: boolean | undefined): void => {
  if (wanted !== undefined) tests.push((metadata) => new MetadataView(metadata).isDeleted === wanted)
}

const pushWindow = (tests: ResourceFilter[], filters: Filters, field: (typeof WINDOWS)[number]): void => {
  const start = bound(filters, `${field}_start`)
  const end = bound(filters, `${field}_end`)
  if (start === undefined && end === undefined) return
  tests.push((metadata) => {
    const instant = instantOf(new MetadataView(metadata).text(field) ?? '')
    if (instant === undefined) return false
    return (start === undefined || instant >= start) && (end === undefined || instant <= end)
  })
}

const bound = (filters: Filters, field: `${(typeof WINDOWS)[number]}_${'start' | 'end'}`): string | undefined => {
  const text = filters[field]
  if (text === undefined) return undefined
  const instant = boundOf(text)
  if (instant === undefined)
    throw new FilterError(
      field,
      `${JSON.stringify(text)} is no ISO 8601 time with an offset, such as 2026-01-05T08:30:00Z`,
    )
  return instant
}

const pushAnyOf = (tests: ResourceFilter[], field: string, values: readonly string[] | undefined): void => {
  if (values === undefined) return
  const wanted = new Set(values)
  tests.push((metadata) => {
    const value = new MetadataView(metadata).text(field)
    return value !== undefined && wanted.has(value)
  })
}

const pushConditions = (tests: ResourceFilter[], filters: Filters, { model, askedAt }: FilterScope): void => {
  const { conditions, data_conditions, qb } = filters
  const lists = listFields(model)
  const push = (parameter: string, of: readonly Condition[], lookup: (fields: Fields) => Lookup): void => {
    for (const condition of of) {
      const leaf = textOfList(condition, lists)
      if (leaf !== undefined)
        throw new FilterError(
          parameter,
          `${leaf.operator} is not asked of ${leaf.field}, a list of ${model.name}: ask its elements, in qb QB["${leaf.field}"].any().${leaf.operator}(…)`,
        )
    }
    tests.push((metadata) => {
      const fields = new Fields(metadata)
      if (parameter === 'data_conditions' && !fields.isIndexed) return false
      return of.every((condition) =>
        isMet(parameter, condition, lookup(fields), `${model.name} ${quoteId(new MetadataView(metadata).resourceId)}`),
      )
    })
  }
  if (conditions !== undefined) push('conditions', readConditions('conditions', conditions), (fields) => fields.any)
  // An empty list asks nothing but for an index, as in SpecStar.
  if (data_conditions !== undefined && data_conditions !== '')
    push('data_conditions', readConditions('data_conditions', data_conditions), (fields) => fields.indexed)
  const condition = qb === undefined || qb === '' ? undefined : readQb(qb, askedAt)
  if (condition !== undefined) push('qb', [condition], (fields) => fields.any)
}

/** A value of a kind that has no order with the condition's is an error of the request, not a resource that does not match. */
const isMet = (parameter: string, condition: Condition, lookup: Lookup, resource: string): boolean => {
  let asked = ''
  try {
    return (
      answer(condition, (field) => {
        asked = field
        return lookup(field)
      }) === true
    )
  } catch (error) {
    if (error instanceof NoOrderError) throw new FilterError(parameter, `${asked} of ${resource}: ${error.message}`)
    throw error
  }
}

/** Fields that SpecStar knows as lists. The index of a reference is made by itself, and it does not count that one. */
const listFields = ({ indexed, references }: FilterScope['model']): ReadonlySet<string> =>
  new Set(
    indexed
      .filter(({ type, path }) => type === 'list' && !references.some(({ field, list }) => list && field === path))
      .map(({ key }) => key),
  )
