import { describe, expect, it } from 'vitest'
import { floatText } from '../../shared/values/float-text.ts'

describe('the text of a float', () => {
  it.each([
    [7, '7.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [0.5, '0.5'],
    [-2.25, '-2.25'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
  ])('of %d is %s', (value, text) => {
    expect(floatText(value)).toBe(text)
    expect(Object.is(Number(text), value)).toBe(true)
  })

  it.each([NaN, Infinity, -Infinity])('does not exist for %d', (value) => {
    expect(() => floatText(value)).toThrow(new RangeError(`${value} cannot be written as JSON`))
  })
})
