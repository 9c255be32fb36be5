import { describe, expect, it } from 'vitest'
import { isNumberText, plainNumber } from '../../shared/resources/number-text.ts'

describe('the text of a DynamoDB number', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['0.000', '0'],
    ['0e50', '0'],
    ['007', '7'],
    ['+1.50', '1.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1E2', '100'],
    ['-15e-1', '-1.5'],
    ['1e-3', '0.001'],
    ['12300e-2', '123'],
    ['9'.repeat(38), '9'.repeat(38)],
    [`1e125`, `1${'0'.repeat(125)}`],
    [`1e-130`, `0.${'0'.repeat(129)}1`],
  ])('%s is %s', (text, plain) => {
    expect(isNumberText(text)).toBe(true)
    expect(plainNumber(text)).toBe(plain)
    expect(plainNumber(plain)).toBe(plain)
  })

  it.each(['', '.', '-', 'e5', '1e', '0x10', ' 1', '1 ', 'NaN', '1'.repeat(39), '1e126', '1e-131', '1e9999999999'])(
    '%j is none',
    (text) => {
      expect(isNumberText(text)).toBe(false)
      expect(() => plainNumber(text)).toThrow(new RangeError(`${text} is not a DynamoDB number`))
    },
  )
})
