import * as z from 'zod'
import { boundOf } from '../values/instant.ts'

/*
 * Schemas of parameters. In a query, a value is a string, or a list of strings if the parameter is repeated. In a body,
 * a value is JSON. Each schema accepts both.
 */

/** The strings that SpecStar accepts as booleans, in lower case. Upper case is accepted too. */
const BOOLEAN_STRINGS: Readonly<Record<string, boolean>> = {
  true: true, t: true, yes: true, on: true, '1': true,
  false: false, f: false, no: false, off: false, '0': false,
} // prettier-ignore

const parseBoolean = (value: unknown): unknown =>
  typeof value === 'string' && Object.hasOwn(BOOLEAN_STRINGS, value.toLowerCase())
    ? BOOLEAN_STRINGS[value.toLowerCase()]
    : value

interface Rejected {
  readonly input?: unknown
}

/**
 * Returns the error option of a schema that accepts only one value. If the input is a list, for example a repeated
 * parameter, the message states this.
 */
const single = (explain: (input: unknown) => string) => ({
  error: ({ input }: Rejected): string =>
    Array.isArray(input) ? 'must be a single value: it must not be repeated in the query or be a list' : explain(input),
})

const explainFlag = (input: unknown): string =>
  typeof input === 'string' ? 'must be true, t, yes, on or 1, or false, f, no, off or 0' : 'must be true or false'

/** The JSON Schema of a boolean or of one of the strings in `BOOLEAN_STRINGS`, in any case. */
const FLAG_SCHEMA = {
  type: ['boolean', 'string'],
  pattern: `^(?:${Object.keys(BOOLEAN_STRINGS)
    .map((value) => value.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`))
    .join('|')})$`,
}

/** Returns the schema of a boolean or of one of the strings in `BOOLEAN_STRINGS`. */
export const flag = () => z.preprocess(parseBoolean, z.boolean(single(explainFlag))).meta(FLAG_SCHEMA)

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(
    values,
    single(() => `must be one of: ${values.join(', ')}`),
  )

/** Returns the schema of a single string. */
export const text = () => z.string(single(() => 'must be a string'))

const TIME =
  'must be a time in ISO 8601 with an offset, such as 2026-01-05T08:30:00Z or 2026-01-05T08:30:00+08:00 ' +
  '(in a query, write "+" as "%2B")'

/** Returns the schema of a bound of a range of times. `boundOf` returns its instant. */
export const time = () => z.string(single(() => TIME)).refine((value) => boundOf(value) !== undefined, TIME)

/** Returns the schema of a whole number. Both bounds are inclusive. `what` describes the number in error messages. */
export const wholeNumber = (what: string, from: number, to: number) => {
  const message = `must be ${what} from ${from} to ${to}`
  const digits = z
    .string(message)
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
  return z
    .union(
      [z.int(message), digits],
      single(() => message),
    )
    .refine((value) => value >= from && value <= to, message)
    .meta({ minimum: from, maximum: to })
}

/**
 * Returns the schema of a list of strings. In a query, the parameter may be repeated. In a body, the value is a string
 * or a list of strings. The result is sorted and has no duplicates, because the order and repetition of values have no
 * meaning.
 */
export const list = () =>
  z
    .union([z.string(), z.array(z.string())], 'must be a string or a list of strings')
    .transform((value): readonly string[] => (typeof value === 'string' ? [value] : [...new Set(value)].sort()))
    .refine((values) => values.length > 0, 'must contain at least one value')

/** Returns the last value of a repeated parameter, as SpecStar does. Returns other values unchanged. */
export const lastValue = (value: unknown): unknown => {
  if (!Array.isArray(value)) return value
  const values: readonly unknown[] = value
  return values.at(-1)
}
