/** DynamoDB's limits on numbers: 38 significant digits, and absolute values from 1E-130 to 9.99…E+125, or zero. */
const MAX_DIGITS = 38
const MIN_EXPONENT = -130
const MAX_EXPONENT = 125

const PLAIN_INTEGER = /^(?:0|-?[1-9][0-9]{0,37})$/
const NUMBER = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,9}))?$/

interface Decimal {
  readonly negative: boolean
  /** The significant digits, without leading and trailing zeros. Empty for zero. */
  readonly digits: string
  /** The exponent of the first digit. The value is 0.digits × 10^(exponent + 1). */
  readonly exponent: number
}

/** Returns true if a string is a number that DynamoDB accepts. */
export const isNumberText = (text: string): boolean => PLAIN_INTEGER.test(text) || parse(text) !== undefined

/**
 * Returns the normal form of a DynamoDB number. It is a decimal number without an exponent, `+`, redundant zeros or
 * `-0`. Equal numbers have the same normal form. Throws `RangeError` if the string is not a DynamoDB number.
 */
export const plainNumber = (text: string): string => {
  if (PLAIN_INTEGER.test(text)) return text
  const decimal = parse(text)
  if (decimal === undefined) throw new RangeError('must be a DynamoDB number')
  const { negative, digits, exponent } = decimal
  const sign = negative ? '-' : ''
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const integerDigits = exponent + 1
  // Zero has no digits. Here it gets its only digit.
  if (digits.length <= integerDigits) return `${sign}${digits.padEnd(integerDigits, '0')}`
  return `${sign}${digits.slice(0, integerDigits)}.${digits.slice(integerDigits)}`
}

const parse = (text: string): Decimal | undefined => {
  const match = NUMBER.exec(text)
  if (match === null) return undefined
  const [, sign, integer = '', fraction = '', power] = match
  const all = integer + fraction
  if (all === '') return undefined
  const first = all.search(/[1-9]/)
  if (first === -1) return { negative: false, digits: '', exponent: 0 }
  const digits = withoutTrailingZeros(all.slice(first))
  const exponent = integer.length - first - 1 + Number(power ?? 0)
  if (digits.length > MAX_DIGITS || exponent < MIN_EXPONENT || exponent > MAX_EXPONENT) return undefined
  return { negative: sign === '-', digits, exponent }
}

/** Removes the zeros with a loop, because the regular expression `0+$` takes quadratic time for long runs of zeros. */
const withoutTrailingZeros = (digits: string): string => {
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}
