import { describe, expect, it } from 'vitest'
import { isJson, itemMembers } from '../../shared/archive/item-text.ts'

describe('itemMembers', () => {
  it('omits the keys, the attributes that a restore derives, and the payload', () => {
    const item = {
      pk: { S: 'city#m#1' },
      sk: { S: 'x/y' },
      created_at: { S: 't' },
      updated_at: { S: 't' },
      applied_by: { S: 'job' },
      data: { S: '{}' },
      data_spilled: { BOOL: true },
      resource_id: { S: 'a "b"' },
    }
    expect(itemMembers(item)).toBe('"resource_id":"a \\"b\\""')
  })

  it('writes every type of DynamoDB, and keeps the digits of numbers', () => {
    const item = {
      s: { S: 'é' },
      n: { N: '12345678901234567890123456789012345678' },
      e: { N: '1E3' },
      t: { BOOL: true },
      z: { NULL: true },
      b: { B: Buffer.from('bytes') },
      m: { M: { a: { L: [{ N: '1.50' }, { S: '' }] } } },
      ss: { SS: ['a', 'b'] },
      ns: { NS: ['1', '2.0'] },
      bs: { BS: [Buffer.from('x')] },
    }
    expect(`{${itemMembers(item)}}`).toBe(
      '{"s":"é","n":12345678901234567890123456789012345678,"e":1000,"t":true,"z":null,"b":{"base64":"Ynl0ZXM="},' +
        '"m":{"a":[1.5,""]},"ss":["a","b"],"ns":[1,2],"bs":[{"base64":"eA=="}]}',
    )
  })

  it('embeds indexed_data as JSON, unless it is no JSON or no string', () => {
    expect(itemMembers({ indexed_data: { S: '{"a": 1.0}' } })).toBe('"indexed_data":{"a": 1.0}')
    expect(itemMembers({ indexed_data: { S: '{' } })).toBe('"indexed_data":"{"')
    expect(itemMembers({ indexed_data: { N: '1' } })).toBe('"indexed_data":1')
  })
})

describe('isJson', () => {
  it('accepts only JSON', () => {
    expect([isJson('1'), isJson('{"a":[]}'), isJson(''), isJson('{a:1}')]).toEqual([true, true, false, false])
  })
})
