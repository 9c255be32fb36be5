import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { canonicalJson } from '../../shared/archive/canonical-json.ts'

describe('canonical JSON', () => {
  it.each<[AttributeValue, string]>([
    [{ S: '"ü\n' }, '{"S":"\\"ü\\n"}'],
    [{ N: '1e2' }, '{"N":"100"}'],
    [{ BOOL: true }, '{"BOOL":true}'],
    [{ BOOL: false }, '{"BOOL":false}'],
    [{ NULL: true }, '{"NULL":true}'],
    [{ M: {} }, '{"M":{}}'],
    [
      { M: { b: { S: '1' }, a: { M: { '😀': { S: '' }, ﬀ: { S: '' } } } } },
      '{"M":{"a":{"M":{"ﬀ":{"S":""},"😀":{"S":""}}},"b":{"S":"1"}}}',
    ],
    [{ L: [{ S: 'b' }, { N: '01' }] }, '{"L":[{"S":"b"},{"N":"1"}]}'],
    [{ B: new Uint8Array([0, 1, 2]).subarray(1, 2) }, '{"B":"AQ=="}'],
    [{ SS: ['b', '😀', 'ﬀ', 'a'] }, '{"SS":["a","b","ﬀ","😀"]}'],
    [{ NS: ['9', '1e1', '-1'] }, '{"NS":["-1","10","9"]}'],
    [{ BS: [Buffer.from([2]), Buffer.from([1, 0]), Buffer.from([1])] }, '{"BS":["AQ==","AQA=","Ag=="]}'],
  ])('sorts names and sets, and writes plain numbers: %j', (value, json) => {
    expect(canonicalJson({ b: value, a: value })).toBe(`{"a":${json},"b":${json}}`)
  })

  it('does not change the item', () => {
    const item = { a: { SS: ['b', 'a'] }, b: { BS: [Buffer.from([2]), Buffer.from([1])] } }
    canonicalJson(item)
    expect(item).toEqual({ a: { SS: ['b', 'a'] }, b: { BS: [Buffer.from([2]), Buffer.from([1])] } })
  })

  it.each(['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled'])(
    'omits the attribute %s, but not a key of a map with that name',
    (name) => {
      expect(canonicalJson({ [name]: { S: 'x' } })).toBe('{}')
      expect(canonicalJson({ a: { M: { [name]: { S: 'x' } } } })).toBe(`{"a":{"M":{"${name}":{"S":"x"}}}}`)
    },
  )

  it('sorts the names of more shapes of items than the cache holds', () => {
    for (let k = 0; k < 1_100; k++)
      expect(canonicalJson({ [`b${k}`]: { S: '' }, a: { S: '' } })).toBe(`{"a":{"S":""},"b${k}":{"S":""}}`)
    expect(canonicalJson({ b0: { S: 'x' }, a: { S: 'y' } })).toBe('{"a":{"S":"y"},"b0":{"S":"x"}}')
  })

  it('rejects a value without a type', () => {
    expect(() => canonicalJson({ a: { $unknown: ['X', 1] } })).toThrow(new TypeError('an attribute value has no type'))
  })
})
