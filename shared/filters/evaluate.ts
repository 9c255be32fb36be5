import { must } from '../values/must.ts'
import type { Condition, Group, Leaf, Operator } from './condition.ts'
import { areEqual, holds, isOrdered } from './python/comparison.ts'
import { textOf } from './python/text.ts'
import { isList, isTruthy, itemsOf, lengthOf } from './python/values.ts'

/** A field's value of one resource; `MISSING` where it has no such field. */
export type Lookup = (field: string) => unknown
export const MISSING = Symbol('missing')

/**
 * What a condition says: yes, no, unknown (null), or `odd`, the answer of `is_null` and `isna` to a value that is none of
 * these, such as 1 or "true". Alone it is no yes; in `and` it does not stop one, in `or` it does not make one.
 */
export type Answer = boolean | null | 'odd'

/**
 * Answers by SpecStar's three-valued logic. All members of a group are asked, so that an error in one is met whatever the
 * others say. Throws `NoOrderError`.
 */
export const answer = (condition: Condition, lookup: Lookup): Answer =>
  condition.kind === 'leaf' ? answerLeaf(condition, lookup(condition.field)) : answerGroup(condition, lookup)

const answerGroup = ({ kind, conditions }: Group, lookup: Lookup): Answer => {
  const answers = conditions.map((condition) => answer(condition, lookup))
  switch (kind) {
    case 'and':
      return answers.includes(false) ? false : answers.includes(null) ? null : true
    case 'or':
      return answers.includes(true) ? true : answers.includes(null) ? null : false
    case 'not':
      return answers.includes(false) ? true : answers.includes(null) ? null : false
  }
}

const answerLeaf = (leaf: Leaf, stored: unknown): Answer => {
  const { operator, value } = leaf
  const missing = stored === MISSING
  const asked = leaf.length && !missing && stored !== null ? lengthOf(stored) : stored
  if (asked === undefined) return null
  if (operator === 'exists') return missing !== isTruthy(value)
  if (operator === 'isna') return missing ? answerOf(value) : areEqual(asked === null, value)
  if (missing) return null
  if (asked === null) return operator === 'is_null' ? answerOf(value) : null
  if (operator === 'is_null') return !isTruthy(value)
  if (leaf.over !== undefined) return answerElements(leaf, operator, asked)
  return compare(leaf, operator, asked)
}

const answerOf = (value: unknown): Answer => (value === null || typeof value === 'boolean' ? value : 'odd')

/** Of a list's elements: some, or all. What is no list has none to ask. */
const answerElements = (leaf: Leaf, operator: Comparison, list: unknown): Answer => {
  if (!isList(list)) return null
  const answers = list.map((element) => asElement(leaf, operator, element))
  return leaf.over === 'any' ? answers.includes(true) : !answers.includes(false)
}

/** An element that is itself a list, or null, is asked for its text as any other. */
const asElement = (leaf: Leaf, operator: Comparison, element: unknown): boolean =>
  operator === 'contains' ? textOf(element).includes(textOf(leaf.value)) : compare(leaf, operator, element)

/** Operators that ask a value which is there and not null. */
type Comparison = Exclude<Operator, 'exists' | 'isna' | 'is_null'>

const compare = ({ value, regex }: Leaf, operator: Comparison, asked: unknown): boolean => {
  switch (operator) {
    case 'eq':
      return areEqual(asked, value)
    case 'ne':
      return !areEqual(asked, value)
    case 'gt':
      return isOrdered(asked, '>', value)
    case 'gte':
      return isOrdered(asked, '>=', value)
    case 'lt':
      return isOrdered(asked, '<', value)
    case 'lte':
      return isOrdered(asked, '<=', value)
    case 'contains':
      return isList(asked) ? holds(asked, value) : textOf(asked).includes(textOf(value))
    case 'contains_any': {
      const wanted = itemsOf(value) ?? [value]
      return isList(asked) ? wanted.some((one) => holds(asked, one)) : holds(wanted, asked)
    }
    case 'starts_with':
      return textOf(asked).startsWith(textOf(value))
    case 'ends_with':
      return textOf(asked).endsWith(textOf(value))
    case 'regex':
      return must(regex).isIn(textOf(asked))
    case 'in':
      return holds(itemsOf(value) ?? [], asked)
    case 'not_in':
      return !holds(itemsOf(value) ?? [], asked)
  }
}
