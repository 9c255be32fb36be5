import { describe, expect, it } from 'vitest'
import { must } from '../../shared/values/must.ts'

describe('must', () => {
  it.each([0, '', false])('returns %j', (value) => {
    expect(must(value)).toBe(value)
  })

  it.each([undefined, null])('throws for %s', (value) => {
    expect(() => must(value)).toThrow('a value that must be present is missing')
  })
})
