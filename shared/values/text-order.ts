/** Compares two texts by their UTF-8 bytes, as DynamoDB orders keys: not what `<` does, which goes by UTF-16. */
export const compareBytes = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let k = 0; k < length; k++) {
    const left = a.charCodeAt(k)
    const right = b.charCodeAt(k)
    if (left !== right) return codePointOrder(left) - codePointOrder(right)
  }
  return a.length - b.length
}

/** Surrogates (characters beyond U+FFFF) come after all other units; within UTF-16 they stand before U+E000. */
const codePointOrder = (unit: number): number => {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
