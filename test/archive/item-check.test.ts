import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { decodeLine, encodeLine } from '../../shared/archive/record-line.ts'
import type { Item } from '../../shared/tables/item.ts'

const LIMIT = 400 * 1024

const key: Item = { pk: { S: 'p' }, sk: { S: 's' } }
const item = (json: string): Buffer => Buffer.from(`{"Item":{"pk":{"S":"p"},"sk":{"S":"s"},${json}}}\n`)
const of = (value: string): Buffer => item(`"a":${value}`)
const read = (line: Buffer) => () => decodeLine(line, { entry: 'models/x', line: 7 })
const because = (reason: string): unknown =>
  expect.objectContaining({
    name: 'RecordInvalidError',
    message: `the archive is invalid: record of models/x, line 7: ${reason}`,
    reason,
    entry: 'models/x',
    line: 7,
  })

describe('an item of a line', () => {
  it.each([
    ['[]', 'Item is not a map'],
    ['null', 'Item is not a map'],
    ['"x"', 'Item is not a map'],
    ['{}', 'pk is not a text'],
    ['{"pk":{"N":"1"}}', 'pk is not a text'],
    ['{"pk":{"S":""},"sk":{"S":"s"}}', 'pk is not a text'],
    ['{"pk":{"S":"p"}}', 'sk is not a text'],
    ['{"pk":{"S":"p"},"sk":{"S":""}}', 'sk is not a text'],
  ])('is refused as %s', (json, reason) => {
    expect(read(Buffer.from(`{"Item":${json}}\n`))).toThrow(because(reason))
  })

  it.each([
    ['1', 'an attribute value is not a map'],
    ['null', 'an attribute value is not a map'],
    ['[]', 'an attribute value is not a map'],
    ['{"L":["x"]}', 'an attribute value is not a map'],
    ['{}', 'a value of 0 types'],
    ['{"S":"x","N":"1"}', 'a value of 2 types'],
    ['{"X":"x"}', 'a value of a type that DynamoDB does not have'],
    ['{"__proto__":"x"}', 'a value of a type that DynamoDB does not have'],
    ['{"S":1}', 'S is not a text'],
    ['{"S":"\\ud800"}', 'a text that is not valid Unicode'],
    ['{"N":1}', 'N is not a number of DynamoDB'],
    ['{"N":"x"}', 'N is not a number of DynamoDB'],
    ['{"BOOL":"true"}', 'BOOL is not true or false'],
    ['{"NULL":false}', 'NULL is not true'],
    ['{"NULL":1}', 'NULL is not true'],
    ['{"M":[]}', 'M is not a map'],
    ['{"M":{"x":{"S":1}}}', 'S is not a text'],
    ['{"M":{"\\udc00":{"S":"x"}}}', 'a text that is not valid Unicode'],
    ['{"L":{}}', 'L is not a list'],
    ['{"L":[{"S":"x"},{"S":1}]}', 'S is not a text'],
    ['{"B":1}', 'B is not base64'],
    ['{"B":"AA"}', 'B is not base64'],
    ['{"SS":"x"}', 'SS is not a list, or empty'],
    ['{"SS":[]}', 'SS is not a list, or empty'],
    ['{"SS":[1]}', 'SS holds what is not a text'],
    ['{"SS":["\\ud800"]}', 'a text that is not valid Unicode'],
    ['{"SS":["x","y","x"]}', 'SS holds a value twice'],
    ['{"NS":[]}', 'NS is not a list, or empty'],
    ['{"NS":[1]}', 'NS holds what is not a number'],
    ['{"NS":["x"]}', 'NS holds what is not a number'],
    ['{"NS":["10","1e1"]}', 'NS holds a value twice'],
    ['{"BS":{}}', 'BS is not a list, or empty'],
    ['{"BS":[1]}', 'B is not base64'],
    ['{"BS":["AA==","AQ==","AA=="]}', 'BS holds a value twice'],
  ])('is refused with the value %s', (value, reason) => {
    expect(read(of(value))).toThrow(because(reason))
  })

  it.each<[string, AttributeValue]>([
    ['{"S":""}', { S: '' }],
    ['{"S":"\\ud83d\\ude00"}', { S: '😀' }],
    ['{"N":"-1.50e3"}', { N: '-1.50e3' }],
    ['{"BOOL":true}', { BOOL: true }],
    ['{"BOOL":false}', { BOOL: false }],
    ['{"NULL":true}', { NULL: true }],
    ['{"M":{}}', { M: {} }],
    ['{"M":{"":{"B":"AQI="}}}', { M: { '': { B: Buffer.from([1, 2]) } } }],
    ['{"L":[]}', { L: [] }],
    ['{"L":[{"B":""}]}', { L: [{ B: Buffer.alloc(0) }] }],
    ['{"SS":["y","x"]}', { SS: ['y', 'x'] }],
    ['{"NS":["2","1.0"]}', { NS: ['2', '1.0'] }],
    ['{"BS":["AQ==",""]}', { BS: [Buffer.from([1]), Buffer.alloc(0)] }],
  ])('is read with the value %s', (value, read) => {
    expect(decodeLine(of(value))).toStrictEqual({ ...key, a: read })
  })

  it('has no attribute without a name, and none whose name is over 65,535 bytes', () => {
    const named = (name: string): Buffer => item(`"${name}":{"S":"x"}`)
    expect(read(named(''))).toThrow(because('an attribute without a name'))
    for (const [longest, more] of [
      ['x'.repeat(65_535), 'x'],
      ['€'.repeat(21_845), 'x'],
    ] as const) {
      expect(decodeLine(named(longest))[longest]).toEqual({ S: 'x' })
      expect(read(named(`${longest}${more}`))).toThrow(because('a name over 65535 bytes'))
      expect(read(of(`{"M":{"${longest}${more}":{"S":"x"}}}`))).toThrow(because('a name over 65535 bytes'))
    }
  })

  it('has keys of at most 2,048 and 1,024 bytes', () => {
    const keyed = (pk: string, sk: string): Buffer => encodeLine({ pk: { S: pk }, sk: { S: sk } })
    expect(decodeLine(keyed('ü'.repeat(1024), 'ü'.repeat(512)))).toBeDefined()
    expect(read(keyed(`${'ü'.repeat(1024)}x`, 's'))).toThrow(because('pk is over 2048 bytes'))
    expect(read(keyed('p', `${'ü'.repeat(512)}x`))).toThrow(because('sk is over 1024 bytes'))
  })

  it.each(['L', 'M'])('nests through %s to 32 levels', (type) => {
    const nested = (levels: number): Buffer =>
      of(
        type === 'L'
          ? `${'{"L":['.repeat(levels)}{"S":"x"}${']}'.repeat(levels)}`
          : `${'{"M":{"x":'.repeat(levels)}{"S":"x"}${'}}'.repeat(levels)}`,
      )
    expect(decodeLine(nested(32))['a']).toBeDefined()
    expect(read(nested(33))).toThrow(because('more than 32 levels'))
  })
})

describe('the size of an item', () => {
  /** An item whose line is over 400 KiB, of exactly the limit with a text of what is left. */
  const filled = (value: AttributeValue, bytes: number, beyond = 0): Buffer => {
    const keys = 'pk'.length + 'p'.length + 'sk'.length + 's'.length
    return encodeLine({
      ...key,
      a: value,
      fill: { S: 'x'.repeat(LIMIT + beyond - keys - 'a'.length - bytes - 'fill'.length) },
    })
  }
  const zeros = '0'.repeat(124)

  it.each<[string, AttributeValue, number]>([
    ['a text, in UTF-8', { S: 'ü€😀' }, 2 + 3 + 4],
    ['bytes', { B: Buffer.alloc(10) }, 10],
    ['a truth', { BOOL: false }, 1],
    ['nothing', { NULL: true }, 1],
    ['a number', { N: '1' }, 2],
    ['zero', { N: '0' }, 1],
    ['a number of even digits', { N: '12.34' }, 3],
    ['a number of odd digits', { N: '123.45' }, 4],
    ['a number below zero', { N: '-12' }, 3],
    ['a number with zeros before it', { N: '0.00012' }, 2],
    ['a number with zeros behind it', { N: `12${zeros}` }, 2],
    ['a number with zeros inside', { N: '1001' }, 3],
    ['an empty map', { M: {} }, 3],
    ['a map', { M: { ü: { S: 'xy' }, b: { N: '1' } } }, 3 + 2 + (2 + 2) + (1 + 2)],
    ['an empty list', { L: [] }, 3],
    ['a list', { L: [{ S: 'xyz' }, { B: Buffer.alloc(5) }] }, 3 + 2 + 3 + 5],
    ['texts', { SS: ['ü', 'xyz'] }, 2 + 3],
    ['numbers', { NS: ['1', '-1234'] }, 2 + 4],
    ['a set of bytes', { BS: [Buffer.alloc(1), Buffer.alloc(4)] }, 5],
  ])('counts %s', (_, value, bytes) => {
    expect(read(filled(value, bytes))).not.toThrow()
    expect(read(filled(value, bytes, 1))).toThrow(because(`item of ${LIMIT + 1} bytes, DynamoDB takes ${LIMIT}`))
  })

  it('is that of the item, not of its line', () => {
    const L = Array.from({ length: 7_000 }, () => ({ N: `9${zeros}` }))
    const line = encodeLine({ ...key, a: { L } })
    expect(line.length).toBeGreaterThan(2 * LIMIT)
    expect(decodeLine(line)).toEqual({ ...key, a: { L } })
  })
})
