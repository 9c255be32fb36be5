import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeName } from '../../shared/values/percent-encoding.ts'

describe('a percent-encoded name', () => {
  it('has upper-case hex digits for every byte outside A-Z a-z 0-9 _ -', () => {
    expect(encodeName('aZ09_-')).toBe('aZ09_-')
    expect(encodeName('..')).toBe('%2E%2E')
    expect(encodeName('a/勇')).toBe('a%2F%E5%8B%87')
    expect(encodeName('\t')).toBe('%09')
  })

  it('can be decoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeURIComponent(encodeName(text))).toBe(text)
      }),
    )
  })
})
