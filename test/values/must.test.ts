import { describe, expect, it } from 'vitest'
import { must } from '../../shared/values/must.ts'

describe('a value that must be there', () => {
  it.each([0, '', false])('is given back where it is %j', (value) => {
    expect(must(value)).toBe(value)
  })

  it.each([undefined, null])('is a fault where it is %s', (value) => {
    expect(() => must(value)).toThrow('must be there')
  })
})
