import { describe, expect, it } from 'vitest'
import { isNumberText, plainNumber } from '../../shared/values/number-text.ts'

describe('the normal form of a DynamoDB number', () => {
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
    ['0.00', '0'],
    ['-0.0e5', '0'],
    ['10', '10'],
    ['-10', '-10'],
    ['010', '10'],
    ['1.0', '1'],
    ['12e1', '120'],
    ['1.25e1', '12.5'],
    ['12.5', '12.5'],
    ['0.05', '0.05'],
    ['0.5', '0.5'],
    ['-.25', '-0.25'],
    ['100e-5', '0.001'],
    ['1e+2', '100'],
    [`1${'0'.repeat(60)}`, `1${'0'.repeat(60)}`],
    [`0.${'0'.repeat(60)}1`, `0.${'0'.repeat(60)}1`],
    ['1'.repeat(38) + '000', '1'.repeat(38) + '000'],
    ['-' + '9'.repeat(38), '-' + '9'.repeat(38)],
    ['0.' + '1'.repeat(38), '0.' + '1'.repeat(38)],
    ['9.9e125', `99${'0'.repeat(124)}`],
    ['0e999999999', '0'],
    ['9'.repeat(38), '9'.repeat(38)],
    [`1e125`, `1${'0'.repeat(125)}`],
    [`1e-130`, `0.${'0'.repeat(129)}1`],
  ])('%s is %s', (text, plain) => {
    expect(isNumberText(text)).toBe(true)
    expect(plainNumber(text)).toBe(plain)
    expect(plainNumber(plain)).toBe(plain)
  })

  it.each([
    '',
    '.',
    '-',
    'e5',
    '1e',
    '0x10',
    ' 1',
    '1 ',
    'NaN',
    '1'.repeat(39),
    '1e126',
    '1e-131',
    '1e9999999999',
    '10e125',
    '0.1e-130',
    '1'.repeat(37) + '.11',
    '1.2.3',
    '1e1.5',
    '1 1',
    '--1',
    '+-1',
    '1e',
    '1e+',
    '.e1',
    '+',
    '1\n',
  ])('does not exist for %j', (text) => {
    expect(isNumberText(text)).toBe(false)
    expect(() => plainNumber(text)).toThrow(new RangeError('must be a DynamoDB number'))
  })
})
