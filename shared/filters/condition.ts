import { textOf } from './python/text.ts'
import { compileRegex, type Regex } from './regex/regex.ts'

export const OPERATORS = [
  'eq',
  'ne',
  'gt',
  'gte',
  'lt',
  'lte',
  'contains',
  'starts_with',
  'ends_with',
  'in',
  'not_in',
  'contains_any',
  'is_null',
  'exists',
  'isna',
  'regex',
] as const
export type Operator = (typeof OPERATORS)[number]

/** What can be asked of each element of a list. */
export const ELEMENT_OPERATORS: readonly Operator[] = ['eq', 'ne', 'contains', 'starts_with', 'ends_with', 'regex']

/** One question to one field. */
export interface Leaf {
  readonly kind: 'leaf'
  readonly field: string
  readonly operator: Operator
  /** A value of Python's (`python/values.ts`). */
  readonly value: unknown
  /** The question is asked of the value's length. */
  readonly length: boolean
  /** The question is asked of each element of a list. */
  readonly over?: 'any' | 'all'
  /** Of `regex`: its value, compiled. */
  readonly regex?: Regex
}

export interface Group {
  readonly kind: 'and' | 'or' | 'not'
  /** Of `not`: one. */
  readonly conditions: readonly Condition[]
}

export type Condition = Leaf | Group

/** Makes a leaf; the value of `regex` is compiled here, once. Throws `RegexError`. */
export const leafOf = (field: string, operator: Operator, value: unknown, length = false): Leaf => ({
  kind: 'leaf',
  field,
  operator,
  value,
  length,
  ...(operator === 'regex' ? { regex: compileRegex(textOf(value)) } : {}),
})

/** Operators that ask for the text of a value: of a whole list that says nothing, so SpecStar refuses it. */
const TEXT_ONLY: readonly Operator[] = ['regex', 'starts_with', 'ends_with']

/** The first leaf that asks a field of lists for its text. */
export const textOfList = (condition: Condition, listFields: ReadonlySet<string>): Leaf | undefined => {
  if (condition.kind === 'leaf') {
    const { over, operator, field } = condition
    return over === undefined && TEXT_ONLY.includes(operator) && listFields.has(field) ? condition : undefined
  }
  for (const inner of condition.conditions) {
    const found = textOfList(inner, listFields)
    if (found !== undefined) return found
  }
  return undefined
}
