import { describe, expect, it } from 'vitest'
import { bytesInResponse, MAX_PAGE_BYTES } from '../../shared/values/response-size.ts'

describe('the size of an object in the response of a Lambda function', () => {
  it('counts a quotation mark and a backslash of the JSON twice, because the body is a JSON string', () => {
    expect(bytesInResponse({ a: 1 })).toBe(Buffer.byteLength(JSON.stringify('{"a":1}')))
    expect(bytesInResponse({ a: 1 })).toBe('{"a":1}'.length + 2 + 2)
    expect(bytesInResponse({ a: '\\' })).toBe('{"a":"\\\\"}'.length + 6 + 2)
  })

  it('counts bytes instead of characters', () => {
    expect(bytesInResponse({ a: 'ü' })).toBe(bytesInResponse({ a: 'u' }) + 1)
  })

  it('leaves room in the 6 MB that Lambda allows for a response', () => {
    expect(MAX_PAGE_BYTES).toBeLessThan(6 * 1024 * 1024 - 100_000)
  })
})
