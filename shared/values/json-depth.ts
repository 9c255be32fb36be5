const QUOTATION_MARK = 0x22
const BACKSLASH = 0x5c

/**
 * Returns true if objects and lists are nested more than `levels` deep. Counts brackets in the unparsed JSON. If an
 * object has a repeated key, all values of the key count, although a parser keeps only the last one.
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

/**
 * Returns the offset of the closing quotation mark of the string that begins at `start`. If there is no closing mark,
 * returns an offset after the end of the JSON.
 */
const endOfString = (json: Buffer, start: number): number => {
  let at = start + 1
  for (; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTATION_MARK) return at
    if (byte === BACKSLASH) at += 1
  }
  return at
}
