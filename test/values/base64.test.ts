import { expect, it } from 'vitest'
import { toBase64 } from '../../shared/values/base64.ts'

it('base64 encodes the bytes of a view only', () => {
  expect(toBase64(new Uint8Array())).toBe('')
  expect(toBase64(Buffer.from('abcdef').subarray(1, 3))).toBe('YmM=')
  expect(toBase64(new Uint8Array([0xfb, 0xff]))).toBe('+/8=')
})
