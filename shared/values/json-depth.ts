const QUOTATION_MARK = 0x22
const BACKSLASH = 0x5c

/**
 * Whether JSON text nests deeper than `levels`. It counts before the text is parsed, so values that a repeated key
 * hides count too.
 */
export const isDeeperThan = (json: Buffer, levels: number): boolean => {
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTATION_MARK) {
      at = endOfString(json, at)
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1
      if (depth > levels) return true
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1
    }
  }
  return false
}

/** The offset of the quotation mark that ends the string beginning at `start`. */
const endOfString = (json: Buffer, start: number): number => {
  let at = start + 1
  for (; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTATION_MARK) return at
    if (byte === BACKSLASH) at += 1
  }
  return at
}
