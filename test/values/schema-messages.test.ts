import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { issueLines, schemaMessage } from '../../shared/values/schema-messages.ts'

const messagesOf = (schema: z.ZodType, value: unknown): string[] => {
  const { error } = schema.safeParse(value, { error: schemaMessage })
  return error === undefined ? [] : issueLines(error)
}

const OBJECT = z.strictObject({ key: z.string(), path: z.string().optional() })

describe('the message of an issue', () => {
  it.each<[z.ZodType, unknown, string]>([
    [z.string(), undefined, 'is missing; it must be a string'],
    [z.string(), null, 'must be a string, not null'],
    [z.number(), 'x', 'must be a number, not a string'],
    [z.number(), NaN, 'must be a number, not NaN'],
    [z.int(), 1.5, 'must be a whole number, not the number 1.5'],
    [z.boolean(), 5n, 'must be true or false, not an integer'],
    [z.bigint(), true, 'must be an integer, not true'],
    [z.array(z.string()), {}, 'must be a list, not an object'],
    [z.record(z.string(), z.string()), [], 'must be an object, not a list'],
    [z.instanceof(Buffer), new Map(), 'must be binary data, not a map'],
    [z.instanceof(Map), Buffer.from(''), 'must be a map, not binary data'],
    [z.strictObject({}), 5, 'must be an object, not the number 5'],
    [OBJECT, 5, 'must be an object with these members: key, path'],
    [OBJECT, undefined, 'is missing; it must be an object with these members: key, path'],
    [OBJECT, { key: 'a', x: 1 }, 'has the unknown member "x"; allowed: key, path'],
    [OBJECT, { key: 'a', x: 1, y: 2 }, 'has the unknown members "x", "y"; allowed: key, path'],
    [z.object({ a: z.object({ b: z.string() }) }), { a: { b: 1 } }, 'a.b: must be a string, not the number 1'],
    [z.number().min(1), 0, 'must be at least 1'],
    [z.number().positive(), 0, 'must be more than 0'],
    [z.number().max(9), 10, 'must be at most 9'],
    [z.number().lt(9), 9, 'must be less than 9'],
    [z.string().min(1), '', 'must not be empty'],
    [z.string().min(2), '', 'must have at least 2 characters'],
    [z.string().max(1), 'ab', 'must have at most 1 character'],
    [z.string().length(3), 'ab', 'must have exactly 3 characters'],
    [z.array(z.string()).min(1), [], 'must have at least 1 element'],
    [z.array(z.string()).max(1), ['a', 'b'], 'must have at most 1 element'],
    [z.enum(['a', 'b']), 'c', 'must be one of: "a", "b"'],
    [z.enum(['a', 'b']), undefined, 'is missing; it must be one of: "a", "b"'],
    [z.literal(3), 4, 'must be 3'],
    [z.literal(3n), 4n, 'must be 3'],
    [z.string().regex(/^x$/), 'y', 'must match /^x$/'],
    [z.url(), 'y', 'must be a URL'],
    [z.base64(), '*', 'must be a valid base64'],
    [z.number().multipleOf(4), 5, 'must be a multiple of 4'],
    [
      z.union([z.string(), OBJECT]),
      5,
      'must be a string, not the number 5, or must be an object with these members: key, path',
    ],
    [z.union([z.string(), OBJECT]), { key: 5 }, 'key: must be a string, not the number 5'],
    [z.union([z.string(), OBJECT]), { key: 'a', x: 5 }, 'has the unknown member "x"; allowed: key, path'],
    [
      z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b') })]),
      { t: 'c' },
      't: must be one of: "a", "b"',
    ],
    [
      z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b') })]),
      {},
      't: is missing; it must be one of: "a", "b"',
    ],
    [
      z.record(z.string().min(2), z.string()),
      { a: '' },
      'a: must not have a member with this name: the name must have at least 2 characters',
    ],
    [z.map(z.string(), z.string()), new Map([['a', 5]]), 'a: must be a string, not the number 5'],
    [z.map(z.array(z.string()), z.string()), new Map([[['k'], 5]]), 'must be a string, not the number 5'],
    [z.symbol(), 5, 'must be symbol, not the number 5'],
    [z.partialRecord(z.enum(['a']), z.string()), { c: 'y' }, 'has the unknown member "c"'],
    [z.string().refine(() => false), 'a', 'is not valid'],
    [z.string('own text'), 5, 'own text'],
  ])('of %o for %o is %s', (schema, value, message) => {
    expect(messagesOf(schema, value)).toEqual([message])
  })
})
