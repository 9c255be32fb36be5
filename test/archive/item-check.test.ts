import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { decodeLine, encodeLine } from '../../shared/archive/record-line.ts'
import type { Item } from '../../shared/tables/item.ts'

const LIMIT = 400 * 1024

const key: Item = { pk: { S: 'p' }, sk: { S: 's' } }
const item = (json: string): Buffer => Buffer.from(`{"Item":{"pk":{"S":"p"},"sk":{"S":"s"},${json}}}\n`)
const withValue = (value: string): Buffer => item(`"a":${value}`)
const read = (line: Buffer) => () => decodeLine(line, { entry: 'models/x', line: 7 })
const invalid = (reason: string): unknown =>
  expect.objectContaining({
    name: 'RecordInvalidError',
    message: `the archive is invalid: line 7 of entry models/x: ${reason}`,
    reason,
    entry: 'models/x',
    line: 7,
  })

describe('an item in a record line', () => {
  it.each([
    ['[]', 'Item must be an object'],
    ['null', 'Item must be an object'],
    ['"x"', 'Item must be an object'],
    ['{}', 'pk must be a string that is not empty'],
    ['{"pk":{"N":"1"}}', 'pk must be a string that is not empty'],
    ['{"pk":{"S":""},"sk":{"S":"s"}}', 'pk must be a string that is not empty'],
    ['{"pk":{"S":"p"}}', 'sk must be a string that is not empty'],
    ['{"pk":{"S":"p"},"sk":{"S":""}}', 'sk must be a string that is not empty'],
  ])('is rejected as %s', (json, reason) => {
    expect(read(Buffer.from(`{"Item":${json}}\n`))).toThrow(invalid(reason))
  })

  it.each([
    ['1', 'an attribute value must be an object'],
    ['null', 'an attribute value must be an object'],
    ['[]', 'an attribute value must be an object'],
    ['{"L":["x"]}', 'an attribute value must be an object'],
    ['{}', 'an attribute value has 0 types; it must have exactly one'],
    ['{"S":"x","N":"1"}', 'an attribute value has 2 types; it must have exactly one'],
    ['{"X":"x"}', 'an attribute value has a type that DynamoDB does not define'],
    ['{"__proto__":"x"}', 'an attribute value has a type that DynamoDB does not define'],
    ['{"S":1}', 'S must be a string'],
    ['{"S":"\\ud800"}', 'a string is not valid Unicode'],
    ['{"N":1}', 'N must be a DynamoDB number'],
    ['{"N":"x"}', 'N must be a DynamoDB number'],
    ['{"BOOL":"true"}', 'BOOL must be true or false'],
    ['{"NULL":false}', 'NULL must be true'],
    ['{"NULL":1}', 'NULL must be true'],
    ['{"M":[]}', 'M must be an object'],
    ['{"M":{"x":{"S":1}}}', 'S must be a string'],
    ['{"M":{"\\udc00":{"S":"x"}}}', 'a string is not valid Unicode'],
    ['{"L":{}}', 'L must be an array'],
    ['{"L":[{"S":"x"},{"S":1}]}', 'S must be a string'],
    ['{"B":1}', 'B must contain only base64'],
    ['{"B":"AA"}', 'B must contain only base64'],
    ['{"SS":"x"}', 'SS must be an array that is not empty'],
    ['{"SS":[]}', 'SS must be an array that is not empty'],
    ['{"SS":[1]}', 'SS must contain only strings'],
    ['{"SS":["\\ud800"]}', 'a string is not valid Unicode'],
    ['{"SS":["x","y","x"]}', 'SS contains a value twice'],
    ['{"NS":[]}', 'NS must be an array that is not empty'],
    ['{"NS":[1]}', 'NS must contain only DynamoDB numbers'],
    ['{"NS":["x"]}', 'NS must contain only DynamoDB numbers'],
    ['{"NS":["10","1e1"]}', 'NS contains a value twice'],
    ['{"BS":{}}', 'BS must be an array that is not empty'],
    ['{"BS":[1]}', 'BS must contain only base64'],
    ['{"BS":["AA==","AQ==","AA=="]}', 'BS contains a value twice'],
  ])('is rejected with the value %s', (value, reason) => {
    expect(read(withValue(value))).toThrow(invalid(reason))
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
  ])('is accepted with the value %s', (value, decoded) => {
    expect(decodeLine(withValue(value))).toStrictEqual({ ...key, a: decoded })
  })

  it('is rejected with the name __proto__, which the AWS SDK does not keep', () => {
    const named = '"__proto__":{"S":"x"}'
    for (const line of [item(named), withValue(`{"M":{${named}}}`)])
      expect(read(line)).toThrow(invalid('an attribute has the name __proto__, which the AWS SDK does not keep'))
  })

  it('has names of 1 to 65,535 bytes', () => {
    const named = (name: string): Buffer => item(`"${name}":{"S":"x"}`)
    expect(read(named(''))).toThrow(invalid('an attribute has an empty name'))
    for (const [longest, more] of [
      ['x'.repeat(65_535), 'x'],
      ['€'.repeat(21_845), 'x'],
    ] as const) {
      expect(decodeLine(named(longest))[longest]).toEqual({ S: 'x' })
      expect(read(named(`${longest}${more}`))).toThrow(invalid('a name has more than 65535 bytes'))
      expect(read(withValue(`{"M":{"${longest}${more}":{"S":"x"}}}`))).toThrow(
        invalid('a name has more than 65535 bytes'),
      )
    }
  })

  it('has keys of at most 2,048 bytes (pk) and 1,024 bytes (sk)', () => {
    const keyed = (pk: string, sk: string): Buffer => encodeLine({ pk: { S: pk }, sk: { S: sk } })
    expect(decodeLine(keyed('ü'.repeat(1024), 'ü'.repeat(512)))).toBeDefined()
    expect(read(keyed(`${'ü'.repeat(1024)}x`, 's'))).toThrow(invalid('pk has more than 2048 bytes'))
    expect(read(keyed('p', `${'ü'.repeat(512)}x`))).toThrow(invalid('sk has more than 1024 bytes'))
  })

  it.each(['L', 'M'])('is nested through %s to at most 32 levels', (type) => {
    const nested = (levels: number): Buffer =>
      withValue(
        type === 'L'
          ? `${'{"L":['.repeat(levels)}{"S":"x"}${']}'.repeat(levels)}`
          : `${'{"M":{"x":'.repeat(levels)}{"S":"x"}${'}}'.repeat(levels)}`,
      )
    expect(decodeLine(nested(32))['a']).toBeDefined()
    expect(read(nested(33))).toThrow(invalid('the item is nested deeper than 32 levels'))
  })
})

describe('the size of an item', () => {
  /** A line over 400 KiB, whose item has `beyond` bytes more than the limit if `value` has `bytes`. */
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
    ['a string, in UTF-8', { S: 'ü€😀' }, 2 + 3 + 4],
    ['bytes', { B: Buffer.alloc(10) }, 10],
    ['a Boolean', { BOOL: false }, 1],
    ['null', { NULL: true }, 1],
    ['a number', { N: '1' }, 2],
    ['zero', { N: '0' }, 1],
    ['a number with an even number of digits', { N: '12.34' }, 3],
    ['a number with an odd number of digits', { N: '123.45' }, 4],
    ['a negative number', { N: '-12' }, 3],
    ['a number with leading zeros', { N: '0.00012' }, 2],
    ['a number with trailing zeros', { N: `12${zeros}` }, 2],
    ['a number with zeros between other digits', { N: '1001' }, 3],
    ['an empty map', { M: {} }, 3],
    ['a map', { M: { ü: { S: 'xy' }, b: { N: '1' } } }, 3 + 2 + (2 + 2) + (1 + 2)],
    ['an empty list', { L: [] }, 3],
    ['a list', { L: [{ S: 'xyz' }, { B: Buffer.alloc(5) }] }, 3 + 2 + 3 + 5],
    ['a set of strings', { SS: ['ü', 'xyz'] }, 2 + 3],
    ['a set of numbers', { NS: ['1', '-1234'] }, 2 + 4],
    ['a set of bytes', { BS: [Buffer.alloc(1), Buffer.alloc(4)] }, 5],
  ])('includes %s', (_, value, bytes) => {
    expect(read(filled(value, bytes))).not.toThrow()
    expect(read(filled(value, bytes, 1))).toThrow(invalid(`the item has ${LIMIT + 1} bytes; DynamoDB allows ${LIMIT}`))
  })

  it('may be less than the size of its line', () => {
    const L = Array.from({ length: 7_000 }, () => ({ N: `9${zeros}` }))
    const line = encodeLine({ ...key, a: { L } })
    expect(line.length).toBeGreaterThan(2 * LIMIT)
    expect(decodeLine(line)).toEqual({ ...key, a: { L } })
  })
})
