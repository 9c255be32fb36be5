/** A second implementation of conditions for plain JSON values, short and slow. It shares no code with the product. */
export type Value = null | boolean | number | string | readonly Value[]

export interface Comparison {
  readonly field: string
  readonly operator: string
  readonly value: Value
}

export type Tree =
  Comparison | { readonly all: readonly Tree[] } | { readonly some: readonly Tree[] } | { readonly not: Tree }

export class NoOrder extends Error {}

/** True is 1, false is 0 and unknown is 0.5: `and` is the minimum, `or` the maximum, and `not` subtracts from 1. */
export const certainty = (tree: Tree, values: Readonly<Record<string, Value>>): number => {
  if ('all' in tree) return Math.min(1, ...tree.all.map((member) => certainty(member, values)))
  if ('some' in tree) return Math.max(0, ...tree.some.map((member) => certainty(member, values)))
  if ('not' in tree) return 1 - certainty(tree.not, values)
  const exists = Object.hasOwn(values, tree.field)
  return ofComparison(tree, exists, exists ? (values[tree.field] ?? null) : null)
}

const ofComparison = ({ operator, value: expected }: Comparison, exists: boolean, actual: Value): number => {
  if (operator === 'exists') return Number(exists === (expected === true))
  if (operator === 'isna') return Number((!exists || actual === null) === (expected === true))
  if (!exists) return 0.5
  if (operator === 'is_null') return Number((actual === null) === (expected === true))
  return actual === null ? 0.5 : Number(matches(operator, actual, expected))
}

const matches = (operator: string, actual: Value, expected: Value): boolean => {
  const list = Array.isArray(expected) ? (expected as readonly Value[]) : undefined
  switch (operator) {
    case 'eq':
      return same(actual, expected)
    case 'ne':
      return !same(actual, expected)
    case 'gt':
      return order(actual, expected) > 0
    case 'gte':
      return order(actual, expected) >= 0
    case 'lt':
      return order(actual, expected) < 0
    case 'lte':
      return order(actual, expected) <= 0
    case 'in':
      return list?.some((item) => same(actual, item)) ?? false
    case 'not_in':
      return !(list?.some((item) => same(actual, item)) ?? false)
    case 'contains':
      return Array.isArray(actual)
        ? (actual as readonly Value[]).some((item) => same(item, expected))
        : text(actual).split(text(expected)).length > 1 || text(expected) === ''
    case 'starts_with':
      return text(actual).slice(0, text(expected).length) === text(expected)
    default:
      throw new Error(`${operator} is not implemented`)
  }
}

/** Values that are equal in Python have the same JSON once booleans are numbers. */
const same = (a: Value, b: Value): boolean => JSON.stringify(asNumbers(a)) === JSON.stringify(asNumbers(b))

const asNumbers = (value: Value): Value => {
  if (typeof value === 'boolean') return Number(value)
  return Array.isArray(value) ? (value as readonly Value[]).map(asNumbers) : value
}

const order = (a: Value, b: Value): number => {
  const [left, right] = [asNumbers(a), asNumbers(b)]
  if (typeof left === 'number' && typeof right === 'number') return left - right
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left, 'utf8'), Buffer.from(right, 'utf8'))
  if (!Array.isArray(left) || !Array.isArray(right)) throw new NoOrder()
  const [leftItems, rightItems] = [left as readonly Value[], right as readonly Value[]]
  const k = leftItems.findIndex((item, index) => index >= rightItems.length || !same(item, rightItems[index] ?? null))
  if (k === -1 || k >= rightItems.length) return leftItems.length - rightItems.length
  return order(leftItems[k] ?? null, rightItems[k] ?? null)
}

/** Python's `str()` of integers, booleans, ASCII strings, and lists of these. */
const text = (value: Value): string => {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (Array.isArray(value))
    return `[${(value as readonly Value[]).map((item) => (typeof item === 'string' ? `'${item}'` : text(item))).join(', ')}]`
  return String(value)
}
