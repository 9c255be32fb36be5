import * as z from 'zod'
import type { Model } from '../resources/models.ts'
import { MetadataView } from '../resources/views.ts'
import type { Item } from '../tables/item.ts'
import { quote } from '../values/message-text.ts'
import { type Condition, findRejectedForList } from './condition.ts'
import { FilterError } from './errors.ts'
import { evaluate, type Lookup } from './evaluate.ts'
import { NoOrderError } from './python/comparison.ts'
import { readQb } from './qb/read-qb.ts'
import { readConditions } from './read-conditions.ts'
import { METADATA_TIMES, ResourceFields } from './resource-fields.ts'

/** The model whose resources are filtered, and the time of the request. */
export interface FilterScope {
  readonly model: Pick<Model, 'name' | 'indexed' | 'references'>
  /**
   * The time at which the job was requested. `today()` and similar methods of `qb` refer to this time, so that all
   * passes of the job agree.
   */
  readonly requestedAt: Date
}

/** The filter parameters that contain conditions. */
export const ConditionFilters = z.object({
  /** JSON text. It is not decoded, because `JSON.parse` does not distinguish 1 from 1.0. */
  conditions: z.exactOptional(z.string()),
  /** JSON text, like `conditions`. */
  data_conditions: z.exactOptional(z.string()),
  qb: z.exactOptional(z.string()),
})
type ConditionFilters = Readonly<z.output<typeof ConditionFilters>>

type MetadataTest = (metadata: Item) => boolean

/**
 * Compiles conditions to tests of a resource's metadata. Throws `FilterError` if a condition is invalid. The tests
 * throw `FilterError` if a condition cannot be evaluated.
 */
export const conditionTests = (
  { conditions, data_conditions, qb }: ConditionFilters,
  { model, requestedAt }: FilterScope,
): MetadataTest[] => {
  const tests: MetadataTest[] = []
  if (conditions !== undefined)
    tests.push(testOfAll('conditions', readConditions('conditions', conditions), model, ({ any }) => any))
  // As in SpecStar, an empty list of data conditions matches only resources that have indexed data. An empty string
  // matches all resources.
  if (data_conditions !== undefined && data_conditions !== '') {
    const parsed = readConditions('data_conditions', data_conditions)
    tests.push(
      testOfAll('data_conditions', parsed, model, ({ isIndexed, indexed }) => (isIndexed ? indexed : undefined)),
    )
  }
  const condition = qb === undefined || qb === '' ? undefined : readQb(qb, requestedAt)
  if (condition !== undefined) tests.push(testOfAll('qb', [condition], model, ({ any }) => any))
  return tests
}

/**
 * Returns a test that returns true if a resource matches all conditions. `lookupIn` returns the fields to which the
 * parameter may refer, or undefined if the resource cannot match.
 */
const testOfAll = (
  parameter: keyof ConditionFilters,
  conditions: readonly Condition[],
  model: FilterScope['model'],
  lookupIn: (fields: ResourceFields) => Lookup | undefined,
): MetadataTest => {
  const lists = listFields(model)
  for (const condition of conditions) {
    const rejected = findRejectedForList(condition, lists)
    if (rejected === undefined) continue
    const { operator, field } = rejected
    throw new FilterError(
      parameter,
      `\`${operator}\` cannot be applied to ${field}, which is a list in model ${model.name}: ` +
        `compare its elements with a quantifier, for example in qb: QB["${field}"].any().${operator}(…)`,
    )
  }
  return (metadata) => {
    const lookup = lookupIn(new ResourceFields(metadata))
    if (lookup === undefined) return false
    const resource = `${model.name} ${quote(new MetadataView(metadata).resourceId)}`
    return conditions.every((condition) => matches(parameter, condition, lookup, resource))
  }
}

/**
 * Returns true if a resource matches a condition. Throws `FilterError` if the value of a field cannot be compared with
 * the value of the condition. If such a resource were ignored, it would be missing in the backup without an error.
 */
const matches = (parameter: string, condition: Condition, lookup: Lookup, resource: string): boolean => {
  let current = ''
  try {
    return (
      evaluate(condition, (field) => {
        current = field
        return lookup(field)
      }) === true
    )
  } catch (error) {
    if (error instanceof NoOrderError) {
      const hint = METADATA_TIMES.some((time) => time === current)
        ? ` (${current} is a time: compare it in qb with a time, such as dt.datetime(2026, 1, 5, tzinfo=dt.UTC))`
        : ''
      throw new FilterError(parameter, `${current} of ${resource}: ${error.message}${hint}`)
    }
    throw error
  }
}

/**
 * Returns the keys of indexed fields that SpecStar treats as lists. SpecStar does not treat lists of references as
 * lists.
 */
const listFields = ({ indexed, references }: FilterScope['model']): ReadonlySet<string> =>
  new Set(
    indexed
      .filter(({ type, path }) => type === 'list' && !references.some(({ field, list }) => list && field === path))
      .map(({ key }) => key),
  )
