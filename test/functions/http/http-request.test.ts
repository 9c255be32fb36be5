import { describe, expect, it } from 'vitest'
import { jsonObject, mergeParameters, queryObject } from '../../../functions/http/http-request.ts'

describe('queryObject', () => {
  it('keeps commas in the values of repeated parameters', () => {
    expect(queryObject(new URLSearchParams('ids=a,b&ids=c&wait=1'))).toEqual({ ids: ['a,b', 'c'], wait: '1' })
  })
})

describe('jsonObject', () => {
  it('reads a JSON object, and an empty body as an empty object', () => {
    expect(jsonObject(Buffer.from('{"a":1}'))).toEqual({ a: 1 })
    expect(jsonObject(Buffer.alloc(0))).toEqual({})
  })

  it.each(['[]', 'null', '7', '"x"', '{', '{"a":1', 'a=1'])('rejects the body %s', (body) => {
    expect(() => jsonObject(Buffer.from(body))).toThrow(/^body: must be/)
  })

  it('rejects a body that is not UTF-8', () => {
    expect(() => jsonObject(Buffer.from([0x22, 0xff, 0x22]))).toThrow(/UTF-8/)
  })
})

describe('mergeParameters', () => {
  it('returns the parameters of the query and of the body', () => {
    expect(mergeParameters({ a: 1 }, { b: 2 })).toEqual({ a: 1, b: 2 })
  })

  it('rejects a parameter that is in the query and in the body', () => {
    expect(() => mergeParameters({ a: 1 }, { a: 1 })).toThrow(/^a: is given in the query and in the body/)
  })
})
