/**
 * Returns a finite number as the JSON text of a float. The text has a fraction or an exponent: 1 is written as `1.0`,
 * so that readers do not parse it as an integer. Negative zero keeps its sign. Throws `RangeError` for NaN and
 * infinities.
 *
 * Python's `repr()` switches to exponents at other magnitudes, but both texts parse to the same number.
 */
export const floatText = (value: number): string => {
  if (!Number.isFinite(value)) throw new RangeError(`${value} cannot be written as JSON`)
  const text = Object.is(value, -0) ? '-0' : JSON.stringify(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
