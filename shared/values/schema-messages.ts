import * as z from 'zod'
import { quote } from './message-text.ts'

/**
 * Describes an issue that a schema has found: what the value must be, and what it is. The text replaces that of zod,
 * which users need not know. Schemas with a message of their own keep it.
 *
 * @example
 * schema.safeParse(value, { error: schemaMessage })
 */
export const schemaMessage = (issue: z.core.$ZodRawIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return typeMessage(issue)
    case 'too_small':
      return boundMessage(issue, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)
    case 'too_big':
      return boundMessage(issue, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)
    case 'invalid_value':
      return required(issue.input, alternatives(issue.values.map(literalText)))
    case 'unrecognized_keys':
      return `has the unknown ${issue.keys.length === 1 ? 'member' : 'members'} ${issue.keys.map(quote).join(', ')}${allowedText(issue.inst)}`
    case 'invalid_format':
      return issue.format === 'regex'
        ? `must match ${String(issue.pattern)}`
        : `must be ${FORMATS[issue.format] ?? `a valid ${issue.format}`}`
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'invalid_union':
      return issue.discriminator === undefined
        ? unionMessage(issue.errors)
        : required(
            AnObject.parse(issue.input)[issue.discriminator],
            alternatives(List.parse(issue.options).map(literalText)),
          )
    case 'invalid_key':
      return `must not have a member with this name: the name ${issue.issues.map(({ message }) => message).join(', ')}`
    case 'invalid_element':
      return issue.issues.map(({ message }) => message).join(', ')
    case 'custom':
      return 'is not valid'
  }
}

/** A union with a discriminator has an issue of its own only for an object. */
const AnObject = z.looseObject({})
const List = z.array(z.unknown())

/** Returns the issues of an error, each as one line with the path of the value. */
export const issueLines = ({ issues }: z.ZodError): string[] => issues.map(lineOf)

type InvalidType = z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>

const typeMessage = ({ expected, input, inst }: InvalidType): string => {
  const members = inst instanceof z.ZodObject ? Object.keys(inst.shape) : []
  const type = TYPES[expected] ?? expected
  const text = members.length === 0 ? type : `${type} with these members: ${members.join(', ')}`
  return input === undefined
    ? required(input, text)
    : `must be ${text}${members.length === 0 ? `, not ${kindOf(input)}` : ''}`
}

const required = (input: unknown, text: string): string =>
  input === undefined ? `is missing; it must be ${text}` : `must be ${text}`

/** The types of zod whose names are not plain English. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  bigint: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  map: 'a map',
  Map: 'a map',
  Buffer: 'binary data',
  Uint8Array: 'binary data',
  Timestamp: 'a timestamp',
  null: 'null',
  undefined: 'absent',
  never: 'absent',
}

const FORMATS: Readonly<Record<string, string>> = { email: 'an e-mail address', url: 'a URL', uuid: 'a UUID' }

/** Returns the kind of a value in plain English. */
const kindOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Map) return 'a map'
  if (value instanceof Uint8Array) return 'binary data'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'number') return Number.isFinite(value) ? `the number ${value}` : String(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return 'an integer'
  return `a ${typeof value}`
}

type InvalidSize = Pick<z.core.$ZodIssueTooSmall, 'origin' | 'exact'>

/** Returns what a bound requires, such as `must be at least 1` or `must have at least 1 element`. */
const boundMessage = ({ origin, exact }: InvalidSize, relation: string, bound: number | bigint): string => {
  const limit = `${exact === true ? 'exactly' : relation} ${bound}`
  if (origin === 'string')
    return limit === 'at least 1' ? 'must not be empty' : `must have ${plural(limit, 'character')}`
  return `must ${origin === 'array' || origin === 'set' ? `have ${plural(limit, 'element')}` : `be ${limit}`}`
}

const plural = (count: string, noun: string): string => `${count} ${noun}${/\b1$/.test(count) ? '' : 's'}`

const literalText = (value: unknown): string => (typeof value === 'string' ? quote(value) : String(value))

const alternatives = (texts: readonly string[]): string =>
  texts.length === 1 ? texts.join('') : `one of: ${texts.join(', ')}`

const allowedText = (inst: unknown): string =>
  inst instanceof z.ZodObject ? `; allowed: ${Object.keys(inst.shape).join(', ')}` : ''

/**
 * Describes why no alternative of a union accepts a value. If the value has the type of an alternative, only the issues
 * inside of this alternative matter.
 */
const unionMessage = (alternatives: readonly (readonly z.core.$ZodIssue[])[]): string => {
  const inside = alternatives.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  )
  if (inside !== undefined) return inside.map(lineOf).join('; ')
  return alternatives.map((issues) => issues.map(lineOf).join('; ')).join(', or ')
}

const lineOf = ({ path, message }: z.core.$ZodIssue): string =>
  path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`
