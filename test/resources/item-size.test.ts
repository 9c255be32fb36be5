import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../shared/tables/item.ts'
import { itemBytes, lineBytes, maxLineBytes } from '../../shared/resources/item-size.ts'

const bytes = Buffer.from([1, 2, 3, 4])

describe('the size of an item', () => {
  it.each<[string, Item, number]>([
    ['an empty item', {}, 0],
    ['a text by its UTF-8 bytes', { é: { S: '勇a' } }, 2 + 4],
    ['an empty text', { a: { S: '' } }, 1],
    ['a number of one digit', { a: { N: '7' } }, 1 + 2],
    ['a number of two digits', { a: { N: '77' } }, 1 + 2],
    ['a number of three digits', { a: { N: '777' } }, 1 + 3],
    ['zero', { a: { N: '0' } }, 1 + 1],
    ['a negative zero', { a: { N: '-0.0' } }, 1 + 1],
    ['a digit 9', { a: { N: '9' } }, 1 + 2],
    ['a minus sign', { a: { N: '-7' } }, 1 + 3],
    ['no decimal point', { a: { N: '7.7' } }, 1 + 2],
    ['no zeros at the start', { a: { N: '0.0007' } }, 1 + 2],
    ['no zeros at the end', { a: { N: '7000' } }, 1 + 2],
    ['zeros between digits', { a: { N: '7000.7' } }, 1 + 4],
    ['no exponent', { a: { N: '7E123' } }, 1 + 2],
    ['no exponent in lower case', { a: { N: '77e-123' } }, 1 + 2],
    ['a long number', { a: { N: '1'.repeat(38) } }, 1 + 20],
    ['the longest number as 21', { a: { N: `-0.${'1'.repeat(38)}` } }, 1 + 21],
    ['bytes', { a: { B: bytes } }, 1 + 4],
    ['a list as 3, and 1 for each member', { a: { L: [{ S: 'xy' }, { N: '1' }] } }, 1 + 3 + (2 + 1) + (2 + 1)],
    ['an empty list', { a: { L: [] } }, 1 + 3],
    [
      'a map as 3, and 1 for each member',
      { a: { M: { bc: { S: 'xy' }, d: { BOOL: true } } } },
      1 + 3 + (2 + 2 + 1) + (1 + 1 + 1),
    ],
    ['an empty map', { a: { M: {} } }, 1 + 3],
    ['a set of texts', { a: { SS: ['é', 'xyz'] } }, 1 + 5],
    ['a set of numbers', { a: { NS: ['1', '123'] } }, 1 + 2 + 3],
    ['a set of bytes', { a: { BS: [bytes, bytes.subarray(1)] } }, 1 + 7],
    ['a Boolean', { a: { BOOL: false } }, 1 + 1],
    ['NULL', { a: { NULL: true } }, 1 + 1],
    ['two attributes', { a: { S: 'x' }, b: { S: 'y' } }, 4],
  ])('counts %s', (_what, item, size) => {
    expect(itemBytes(item)).toBe(size)
  })

  /** The line of an item in an archive. */
  const lineOf = (item: Item): string =>
    `${JSON.stringify({ Item: item }, (_key, value: unknown) =>
      value instanceof Object && 'type' in value && 'data' in value && Array.isArray(value.data)
        ? Buffer.from(value.data as number[]).toString('base64')
        : value,
    )}\n`

  it.each<[string, Item]>([
    ['an empty item', {}],
    ['a text', { a: { S: '勇"\n' } }],
    ['a name with an escape', { 'a"': { S: '' } }],
    ['a number', { a: { N: '-1.5' } }],
    ['empty bytes', { a: { B: Buffer.alloc(0) } }],
    ['bytes with padding', { a: { B: bytes } }],
    ['bytes without padding', { a: { B: bytes.subarray(1) } }],
    ['a map', { a: { M: { b: { S: 'x' }, c: { N: '1' } } } }],
    ['an empty map', { a: { M: {} } }],
    ['false', { a: { BOOL: false } }],
    ['two attributes', { a: { S: 'x' }, b: { S: 'y' } }],
  ])('is exact in a line: %s', (_what, item) => {
    expect(lineBytes(item)).toBe(Buffer.byteLength(lineOf(item)))
  })

  it.each<[string, Item, number]>([
    ['true and NULL, counted as false', { a: { BOOL: true }, b: { NULL: true } }, 2],
    ['a list, with a comma after each member', { a: { L: [{ S: 'x' }, { N: '1' }] } }, 1],
    ['an empty list', { a: { L: [] } }, 0],
    ['a set of texts', { a: { SS: ['x', 'é"'] } }, 1],
    ['a set of numbers', { a: { NS: ['1', '22'] } }, 1],
    ['a set of bytes', { a: { BS: [bytes, bytes] } }, 1],
  ])('is a little too large in a line: %s', (_what, item, more) => {
    expect(lineBytes(item) - Buffer.byteLength(lineOf(item))).toBe(more)
  })

  const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'binary', maxLength: 3 }).map((S) => ({ S })),
      fc.integer().map((n) => ({ N: n.toString() })),
      fc.boolean().map((BOOL) => ({ BOOL })),
      fc.constant({ NULL: true }),
      fc.uint8Array({ maxLength: 3 }).map((bytes) => ({ B: Buffer.from(bytes) })),
      fc.uniqueArray(fc.string({ maxLength: 2 }), { minLength: 1 }).map((SS) => ({ SS })),
      fc.array(tie('value')).map((L) => ({ L })),
      fc.dictionary(fc.string({ maxLength: 2 }), tie('value')).map((M) => ({ M })),
    ),
  }))

  it.each<[string, Item]>([
    ['empty texts', { a: { L: Array.from({ length: 5_000 }, () => ({ S: '' })) } }],
    ['empty bytes', { a: { L: Array.from({ length: 5_000 }, () => ({ B: Buffer.alloc(0) })) } }],
    ['Booleans', { a: { L: Array.from({ length: 5_000 }, () => ({ BOOL: true })) } }],
    ['lists', { a: { L: Array.from({ length: 5_000 }, () => ({ L: [] })) } }],
    ['one-digit numbers', { a: { L: Array.from({ length: 5_000 }, () => ({ N: '1' })) } }],
    ['escaped characters', { a: { S: '\u0001'.repeat(5_000) } }],
    ['short attributes', Object.fromEntries(Array.from({ length: 2_000 }, (_, k) => [k.toString(36), { S: '' }]))],
  ])('bounds the size of the line of %s', (_what, item) => {
    expect(lineBytes(item)).toBeLessThanOrEqual(maxLineBytes(itemBytes(item)))
  })

  it('bounds the size of the line of random items', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), value), (item) => {
        expect(lineBytes(item)).toBeLessThanOrEqual(maxLineBytes(itemBytes(item)))
        expect(lineBytes(item)).toBeGreaterThanOrEqual(Buffer.byteLength(lineOf(item)))
      }),
    )
  })
})
