import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fullSha256 } from '../../shared/objects/aws/s3-errors.ts'
import { partsSha256OfOne } from '../../shared/values/parts-sha256.ts'

const HEX = hash('sha256', 'bytes')
const OTHER = hash('sha256', 'other bytes')
const BASE64 = hash('sha256', 'bytes', 'base64')

describe('the SHA-256 that a response proves', () => {
  it.each<[string, string | undefined, string | undefined, string | undefined, string | undefined]>([
    ['that of the whole object', BASE64, 'FULL_OBJECT', undefined, HEX],
    ['that of the whole object, and not that of the user metadata', BASE64, undefined, OTHER, HEX],
    ['that of the user metadata, if the only part has it', partsSha256OfOne(HEX), 'COMPOSITE', HEX, HEX],
    [
      'none, if the only part has another one than the user metadata',
      partsSha256OfOne(HEX),
      'COMPOSITE',
      OTHER,
      undefined,
    ],
    ['none, if the user metadata has none', partsSha256OfOne(HEX), 'COMPOSITE', undefined, undefined],
    ['none, if the user metadata has upper case', partsSha256OfOne(HEX), 'COMPOSITE', HEX.toUpperCase(), undefined],
    ['none, if there are several parts', `${BASE64}-2`, 'COMPOSITE', HEX, undefined],
    ['none, if the checksum is that of parts without a suffix', BASE64, 'COMPOSITE', HEX, undefined],
    ['none, if S3 has no SHA-256', undefined, undefined, HEX, undefined],
  ])('is %s', (_title, checksum, type, claimed, expected) => {
    expect(fullSha256({ base64: checksum, type }, claimed)).toBe(expected)
  })

  it('is none if the ETag is that of parts, and the response states no type of its checksum', () => {
    expect(fullSha256({ base64: BASE64, etag: '"0123-2"' }, undefined)).toBeUndefined()
    expect(fullSha256({ base64: BASE64, etag: '"0123-2"', type: 'FULL_OBJECT' }, undefined)).toBe(HEX)
    expect(fullSha256({ base64: BASE64, etag: '"0123"' }, undefined)).toBe(HEX)
  })
})
