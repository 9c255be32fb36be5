/**
 * Returns a finite number as the JSON text of a float: with a fraction or an exponent, so that 1 is written `1.0` and is
 * not read as an integer. Negative zero keeps its sign. Exponents begin at other values than in Python's `repr()`, but
 * a reader parses the same number. Throws `RangeError` for NaN and the infinities.
 */
export const floatText = (value: number): string => {
  if (!Number.isFinite(value)) throw new RangeError(`${value} has no JSON text`)
  const text = Object.is(value, -0) ? '-0' : JSON.stringify(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
