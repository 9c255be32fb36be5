import type { Leaf, Operator } from '../condition.ts'
import { DAY_METHODS } from './days.ts'
import { type Parameter, plain, QbCondition, QbElements, QbField, QbFunction } from './objects.ts'
import { QbError } from './syntax.ts'

type Make<Of> = (of: Of, values: readonly unknown[], at: number, now: Date) => unknown
export interface Method<Of> {
  readonly parameters: readonly Parameter[]
  readonly make: Make<Of>
}
type Methods<Of> = ReadonlyMap<string, Method<Of>>

const VALUE: readonly Parameter[] = [['value']]
const PATTERN: readonly Parameter[] = [['pattern']]
const RANGE: readonly Parameter[] = [['min_val'], ['max_val']]
const OR_TRUE: readonly Parameter[] = [['value', true]]

/** What is asked of a field, or of each element of a list, about a value. */
type Question = (field: QbField, value: unknown, at: number) => Leaf

const question =
  (operator: Operator): Question =>
  (field, value, at) =>
    field.leaf(operator, plain(value, at), at)

const asks =
  (of: Question): Make<QbField> =>
  (field, [value], at) =>
    new QbCondition(of(field, value, at))

const asksFor =
  (operator: Operator, value: unknown): Make<QbField> =>
  (field, _values, at) =>
    new QbCondition(field.leaf(operator, value, at))

const asksNot =
  (operator: Operator): Make<QbField> =>
  (field, [value], at) =>
    new QbCondition({ kind: 'not', conditions: [question(operator)(field, value, at)] })

/** A range, both bounds included. */
const between: Make<QbField> = (field, [low, high], at) =>
  new QbCondition({
    kind: 'and',
    conditions: [field.leaf('gte', plain(low, at), at), field.leaf('lte', plain(high, at), at)],
  })

/** Any of these questions, asked of the value itself and never of its length: so does SpecStar. */
const any =
  (...questions: readonly (readonly [Operator, unknown])[]): Make<QbField> =>
  ({ field }, _values, at) => {
    const own = new QbField(field)
    return new QbCondition({
      kind: 'or',
      conditions: questions.map(([operator, value]) => own.leaf(operator, value, at)),
    })
  }

const textIn = (value: unknown, at: number): string => {
  if (typeof value === 'string') return value
  throw new QbError('a text is wanted', at)
}

/** Python's `re.escape`. */
const escaped = (text: string): string => text.replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, '\\$&')

const IGNORING_CASE: Readonly<Record<string, (escaped: string) => string>> = {
  icontains: (text) => `(?i)${text}`,
  istarts_with: (text) => `(?i)^${text}`,
  iends_with: (text) => `(?i)${text}$`,
}

/** SQL's LIKE as SpecStar reads it: plain questions where they do, else a regular expression. */
const like: Make<QbField> = (field, [value], at) => {
  const pattern = textIn(value, at)
  const [first, last] = [pattern.startsWith('%'), pattern.endsWith('%')]
  const asked = (operator: Operator, text: string): QbCondition => new QbCondition(field.leaf(operator, text, at))
  const inner = pattern.slice(first ? 1 : 0, last ? -1 : undefined)
  if (!inner.includes('_')) {
    if (first && last && Array.from(pattern).length > 2) return asked('contains', inner)
    if (last && !first) return asked('starts_with', inner)
    if (first && !last) return asked('ends_with', inner)
  }
  return asked('regex', `^${escaped(pattern).replaceAll('%', '.*').replaceAll('_', '.')}$`)
}

const COMPARING: Readonly<Record<string, Operator>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'gt',
  gte: 'gte',
  lt: 'lt',
  lte: 'lte',
  contains: 'contains',
  starts_with: 'starts_with',
  ends_with: 'ends_with',
  regex: 'regex',
  match: 'regex',
  in_: 'in',
  one_of: 'in',
  not_in: 'not_in',
}

const QUESTIONS: ReadonlyMap<string, Question> = new Map([
  ...Object.entries(COMPARING).map(([name, operator]) => [name, question(operator)] as const),
  ...Object.entries(IGNORING_CASE).map(([name, pattern]): [string, Question] => [
    name,
    (field, value, at) => field.leaf('regex', pattern(escaped(textIn(value, at))), at),
  ]),
])

export const FIELD_METHODS: Methods<QbField> = new Map<string, Method<QbField>>([
  ...Array.from(QUESTIONS, ([name, of]) => [name, { parameters: VALUE, make: asks(of) }] as const),
  ['not_contains', { parameters: VALUE, make: asksNot('contains') }],
  ['not_starts_with', { parameters: VALUE, make: asksNot('starts_with') }],
  ['not_ends_with', { parameters: VALUE, make: asksNot('ends_with') }],
  ['like', { parameters: PATTERN, make: like }],
  ['between', { parameters: RANGE, make: between }],
  ['in_range', { parameters: RANGE, make: between }],
  ['is_null', { parameters: OR_TRUE, make: asks(question('is_null')) }],
  ['exists', { parameters: OR_TRUE, make: asks(question('exists')) }],
  ['isna', { parameters: OR_TRUE, make: asks(question('isna')) }],
  ['is_not_null', { parameters: [], make: asksFor('is_null', false) }],
  ['has_value', { parameters: [], make: asksFor('is_null', false) }],
  ['is_true', { parameters: [], make: asksFor('eq', true) }],
  ['is_false', { parameters: [], make: asksFor('eq', false) }],
  ['is_truthy', { parameters: [], make: (field) => new QbCondition(field.isTruthy) }],
  ['is_falsy', { parameters: [], make: (field) => new QbCondition(field.isFalsy) }],
  ['is_empty', { parameters: [], make: any(['eq', ''], ['is_null', true]) }],
  ['is_blank', { parameters: [], make: any(['eq', ''], ['is_null', true], ['regex', '^\\s*$']) }],
  ['length', { parameters: [], make: ({ field }) => new QbField(field, true) }],
  ['any', { parameters: [], make: (field) => new QbElements(field, 'any') }],
  ['all', { parameters: [], make: (field) => new QbElements(field, 'all') }],
  ...DAY_METHODS,
])

const OF_ELEMENTS = [
  'eq',
  'ne',
  'contains',
  'starts_with',
  'ends_with',
  'regex',
  'match',
  ...Object.keys(IGNORING_CASE),
]

/** Questions to each element are those to a field, said of each. */
export const elementsMethod = (name: string): Method<QbElements> | undefined => {
  const asked = OF_ELEMENTS.includes(name) ? QUESTIONS.get(name) : undefined
  return (
    asked && {
      parameters: VALUE,
      make: ({ of, over }, [value], at) => new QbCondition({ ...asked(of, value, at), over }),
    }
  )
}

/** A method of an object, to be called. */
export const bound = <Of>(name: string, of: Of, { parameters, make }: Method<Of>, now: Date): QbFunction =>
  new QbFunction({ name, parameters }, (values, at) => make(of, values, at, now))
