import { z } from 'zod'

/** Schemas of parameters. A value is text in a query and JSON in a body; every schema accepts both. */

/** SpecStar's texts for booleans, in any case. */
const BOOLEAN_TEXTS: Readonly<Record<string, boolean>> = {
  true: true, t: true, yes: true, on: true, '1': true,
  false: false, f: false, no: false, off: false, '0': false,
} // prettier-ignore

const parseBoolean = (value: unknown): unknown =>
  typeof value === 'string' && Object.hasOwn(BOOLEAN_TEXTS, value.toLowerCase())
    ? BOOLEAN_TEXTS[value.toLowerCase()]
    : value

export const flag = () => z.preprocess(parseBoolean, z.boolean('must be true or false'))

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, `must be one of: ${values.join(', ')}`)

/** A text that is not repeated. */
export const text = () => z.string('must be one text')

/** A whole number. Both bounds are inclusive. */
export const wholeNumber = (what: string, from: number, to: number) => {
  const message = `must be ${what} from ${from} to ${to}`
  const digits = z
    .string(message)
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
  return z.union([z.int(message), digits], message).refine((value) => value >= from && value <= to, message)
}

/**
 * A parameter that may be repeated in a query, or a JSON list. Order and repetition have no meaning: values are sorted
 * and unique.
 */
export const list = () =>
  z
    .union([z.string(), z.array(z.string())], 'must be a text, which may be repeated, or a JSON list of texts')
    .transform((value): readonly string[] => (typeof value === 'string' ? [value] : [...new Set(value)].sort()))
    .refine((values) => values.length > 0, 'must contain at least one value')

/** The last value of a repeated parameter, which is the one that SpecStar reads. */
export const lastValue = (value: unknown): unknown => {
  if (!Array.isArray(value)) return value
  const values: readonly unknown[] = value
  return values.at(-1)
}
