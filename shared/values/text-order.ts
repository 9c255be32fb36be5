/**
 * Compares two strings by their UTF-8 bytes, as DynamoDB compares sort keys. The operator `<` compares UTF-16 code
 * units instead. Returns a negative number, zero or a positive number, as `sort` requires.
 */
export const compareBytes = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let k = 0; k < length; k++) {
    const left = a.charCodeAt(k)
    const right = b.charCodeAt(k)
    if (left !== right) return codePointOrder(left) - codePointOrder(right)
  }
  return a.length - b.length
}

/**
 * Returns a number by which a UTF-16 code unit is sorted. Surrogates have the largest numbers, because they encode the
 * characters above U+FFFF. Without this correction, they would be sorted before U+E000 to U+FFFF.
 */
const codePointOrder = (unit: number): number => {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
