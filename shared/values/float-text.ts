/**
 * Returns a finite number as a float in JSON. The string always has a fraction or an exponent, so that readers do not
 * parse it as an integer. For example, 1 becomes `1.0`. Negative zero keeps its sign. Throws `RangeError` for NaN and
 * infinities.
 *
 * Python's `repr()` uses exponents for other numbers than JavaScript, but both strings are parsed as the same number.
 */
export const floatText = (value: number): string => {
  if (!Number.isFinite(value)) throw new RangeError(`${value} cannot be written as JSON`)
  const text = Object.is(value, -0) ? '-0' : JSON.stringify(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
