/**
 * Compares two texts by their UTF-8 bytes, the order of DynamoDB's sort keys. Negative, zero or positive, as for
 * `sort`. The operator `<` compares UTF-16 units instead.
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

/** Moves surrogates (characters above U+FFFF) behind U+E000 to U+FFFF, which UTF-16 orders after them. */
const codePointOrder = (unit: number): number => {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
