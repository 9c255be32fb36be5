import { describe, expect, it } from 'vitest'
import type { Item } from '../../shared/tables/item.ts'
import { itemBytes, lineBytes } from '../../shared/resources/item-size.ts'

const bytes = Buffer.from([1, 2, 3, 4])

describe('the size of an item', () => {
  it.each<[string, Item, number]>([
    ['nothing', {}, 0],
    ['a text, by its UTF-8 bytes', { é: { S: '勇a' } }, 2 + 4],
    ['an empty text', { a: { S: '' } }, 1],
    ['a number of one digit', { a: { N: '7' } }, 1 + 2],
    ['a number of two digits', { a: { N: '77' } }, 1 + 2],
    ['a number of three', { a: { N: '777' } }, 1 + 3],
    ['a long number', { a: { N: '1'.repeat(38) } }, 1 + 20],
    ['a number that counts no more than 21', { a: { N: `-0.${'1'.repeat(38)}` } }, 1 + 21],
    ['bytes', { a: { B: bytes } }, 1 + 4],
    ['a list: 3, and 1 a member', { a: { L: [{ S: 'xy' }, { N: '1' }] } }, 1 + 3 + (2 + 1) + (2 + 1)],
    ['an empty list', { a: { L: [] } }, 1 + 3],
    [
      'a map: 3, and 1 a member',
      { a: { M: { bc: { S: 'xy' }, d: { BOOL: true } } } },
      1 + 3 + (2 + 2 + 1) + (1 + 1 + 1),
    ],
    ['an empty map', { a: { M: {} } }, 1 + 3],
    ['a set of texts', { a: { SS: ['é', 'xyz'] } }, 1 + 5],
    ['a set of numbers', { a: { NS: ['1', '123'] } }, 1 + 2 + 3],
    ['a set of bytes', { a: { BS: [bytes, bytes.subarray(1)] } }, 1 + 7],
    ['a truth', { a: { BOOL: false } }, 1 + 1],
    ['null', { a: { NULL: true } }, 1 + 1],
    ['two attributes', { a: { S: 'x' }, b: { S: 'y' } }, 4],
  ])('counts %s', (_what, item, size) => {
    expect(itemBytes(item)).toBe(size)
  })

  /** What stands in a record line. */
  const lineOf = (item: Item): string =>
    `${JSON.stringify({ Item: item }, (_key, value: unknown) =>
      value instanceof Object && 'type' in value && 'data' in value && Array.isArray(value.data)
        ? Buffer.from(value.data as number[]).toString('base64')
        : value,
    )}\n`

  it.each<[string, Item]>([
    ['nothing', {}],
    ['a text', { a: { S: '勇"\n' } }],
    ['a name that is escaped', { 'a"': { S: '' } }],
    ['a number', { a: { N: '-1.5' } }],
    ['no bytes', { a: { B: Buffer.alloc(0) } }],
    ['bytes, padded', { a: { B: bytes } }],
    ['bytes without padding', { a: { B: bytes.subarray(1) } }],
    ['a map', { a: { M: { b: { S: 'x' }, c: { N: '1' } } } }],
    ['an empty map', { a: { M: {} } }],
    ['false', { a: { BOOL: false } }],
    ['two attributes', { a: { S: 'x' }, b: { S: 'y' } }],
  ])('is to the byte that of its line, of %s', (_what, item) => {
    expect(lineBytes(item)).toBe(Buffer.byteLength(lineOf(item)))
  })

  it.each<[string, Item, number]>([
    ['true and null, as if they were false', { a: { BOOL: true }, b: { NULL: true } }, 2],
    ['a list, for a comma behind each member', { a: { L: [{ S: 'x' }, { N: '1' }] } }, 1],
    ['an empty list', { a: { L: [] } }, 0],
    ['a set of texts', { a: { SS: ['x', 'é"'] } }, 1],
    ['a set of numbers', { a: { NS: ['1', '22'] } }, 1],
    ['a set of bytes', { a: { BS: [bytes, bytes] } }, 1],
  ])('is a little more than its line, of %s', (_what, item, more) => {
    expect(lineBytes(item) - Buffer.byteLength(lineOf(item))).toBe(more)
  })
})
