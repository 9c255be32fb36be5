/** A second reading of what conditions mean, for plain JSON values: short and slow, and written apart from the product's. */
export type Value = null | boolean | number | string | readonly Value[]

export interface Question {
  readonly field: string
  readonly operator: string
  readonly value: Value
}

export type Tree =
  Question | { readonly all: readonly Tree[] } | { readonly some: readonly Tree[] } | { readonly not: Tree }

export class NoOrder extends Error {}

/** 1 yes, 0 no, 0.5 unknown: `and` is the least, `or` the greatest, `not` what is left of 1. */
export const certainty = (tree: Tree, values: Readonly<Record<string, Value>>): number => {
  if ('all' in tree) return Math.min(1, ...tree.all.map((one) => certainty(one, values)))
  if ('some' in tree) return Math.max(0, ...tree.some.map((one) => certainty(one, values)))
  if ('not' in tree) return 1 - certainty(tree.not, values)
  const has = Object.hasOwn(values, tree.field)
  return judge(tree, has, has ? (values[tree.field] ?? null) : null)
}

const judge = ({ operator, value: wanted }: Question, has: boolean, value: Value): number => {
  if (operator === 'exists') return Number(has === (wanted === true))
  if (operator === 'isna') return Number((!has || value === null) === (wanted === true))
  if (!has) return 0.5
  if (operator === 'is_null') return Number((value === null) === (wanted === true))
  return value === null ? 0.5 : Number(says(operator, value, wanted))
}

const says = (operator: string, value: Value, wanted: Value): boolean => {
  const list = Array.isArray(wanted) ? (wanted as readonly Value[]) : undefined
  switch (operator) {
    case 'eq':
      return same(value, wanted)
    case 'ne':
      return !same(value, wanted)
    case 'gt':
      return order(value, wanted) > 0
    case 'gte':
      return order(value, wanted) >= 0
    case 'lt':
      return order(value, wanted) < 0
    case 'lte':
      return order(value, wanted) <= 0
    case 'in':
      return list?.some((one) => same(value, one)) ?? false
    case 'not_in':
      return !(list?.some((one) => same(value, one)) ?? false)
    case 'contains':
      return Array.isArray(value)
        ? (value as readonly Value[]).some((one) => same(one, wanted))
        : text(value).split(text(wanted)).length > 1 || text(wanted) === ''
    case 'starts_with':
      return text(value).slice(0, text(wanted).length) === text(wanted)
    default:
      throw new Error(`no ${operator} here`)
  }
}

/** What is the same to Python is the same JSON, once booleans are numbers. */
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
  const [ours, theirs] = [left as readonly Value[], right as readonly Value[]]
  const k = ours.findIndex((one, place) => place >= theirs.length || !same(one, theirs[place] ?? null))
  if (k === -1 || k >= theirs.length) return ours.length - theirs.length
  return order(ours[k] ?? null, theirs[k] ?? null)
}

/** Python's text of integers, booleans and ASCII; lists of these. */
const text = (value: Value): string => {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (Array.isArray(value))
    return `[${(value as readonly Value[]).map((one) => (typeof one === 'string' ? `'${one}'` : text(one))).join(', ')}]`
  return String(value)
}
