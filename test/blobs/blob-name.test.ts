import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blobName } from '../../shared/blobs/blob-name.ts'

describe('the name of a blob', () => {
  it('is different for every file id, and safe as a file name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        if (a !== b) expect(blobName(a)).not.toBe(blobName(b))
        expect(blobName(a)).toMatch(/^[A-Za-z0-9_%-]{0,200}$/)
      }),
    )
    expect(blobName('..')).toBe('%2E%2E')
  })

  it('is a hash if the encoded id is longer than 200 bytes or looks like a hash', () => {
    expect(blobName('a'.repeat(200))).toBe('a'.repeat(200))
    expect(blobName('a'.repeat(201))).toMatch(/^sha256-[0-9a-f]{64}$/)
    expect(blobName('勇'.repeat(23))).toMatch(/^sha256-[0-9a-f]{64}$/)
    expect(blobName('sha256-x')).toMatch(/^sha256-[0-9a-f]{64}$/)
    expect(blobName('sha256')).toBe('sha256')
  })
})
