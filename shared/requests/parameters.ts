import { z } from 'zod'

/** Values arrive as text in a query and as JSON in a body: both forms are read. */

/** SpecStar's words for a boolean, in any case. */
const WORDS: Readonly<Record<string, boolean>> = {
  true: true, t: true, yes: true, on: true, '1': true,
  false: false, f: false, no: false, off: false, '0': false,
} // prettier-ignore

const booleanOf = (value: unknown): unknown =>
  typeof value === 'string' && Object.hasOwn(WORDS, value.toLowerCase()) ? WORDS[value.toLowerCase()] : value

/** `true` or `false`. */
export const flag = () => z.preprocess(booleanOf, z.boolean('must be true or false'))

/** One of the named values, exactly. */
export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, `must be one of: ${values.join(', ')}`)

/** A text that is given once. */
export const text = () => z.string('must be given once, as a text')

/** A whole number in bounds, both included. */
export const wholeNumber = (what: string, from: number, to: number) => {
  const message = `must be ${what} from ${from} to ${to}`
  const digits = z
    .string(message)
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
  return z.union([z.int(message), digits], message).refine((value) => value >= from && value <= to, message)
}

/** A parameter that may be repeated, or is a list in JSON. The order and repeats mean nothing: sorted, each once. */
export const list = () =>
  z
    .union([z.string(), z.array(z.string())], 'must be a text, repeated for more, or in JSON a list of texts')
    .transform((value): readonly string[] => (typeof value === 'string' ? [value] : [...new Set(value)].sort()))
    .refine((values) => values.length > 0, 'must name at least one')

/** The last value of a parameter that is repeated, as SpecStar reads it. */
export const lastOf = (value: unknown): unknown => {
  if (!Array.isArray(value)) return value
  const values: readonly unknown[] = value
  return values.at(-1)
}
