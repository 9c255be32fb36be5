const QUOTATION_MARK = 0x22
const BACKSLASH = 0x5c
const [OPENING_BRACE, CLOSING_BRACE] = [0x7b, 0x7d]
const [OPENING_BRACKET, CLOSING_BRACKET] = [0x5b, 0x5d]

/**
 * Returns true if objects and lists are nested more than `levels` deep. Counts brackets in the unparsed JSON. If a key
 * occurs several times in an object, each of its values is checked, although a parser keeps only the last value.
 */
export const isDeeperThan = (json: Buffer, levels: number): boolean => {
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTATION_MARK) {
      at = endOfString(json, at)
    } else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
      depth += 1
      if (depth > levels) return true
    } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
      depth -= 1
    }
  }
  return false
}

/**
 * The number of bytes of a string that are read one by one, before native code searches for its end. For shorter
 * strings, the call of native code would take longer.
 */
const NEAR_BYTES = 128

/**
 * Returns the offset of the closing quotation mark of the string that begins at `start`. If there is no closing mark,
 * returns an offset after the end of the JSON.
 */
const endOfString = (json: Buffer, start: number): number => {
  let at = start + 1
  /** The first quotation mark at or after `at`, which may be escaped. Less than `at` if it is unknown. */
  let mark = -1
  for (;;) {
    for (const near = Math.min(json.length, at + NEAR_BYTES); at < near; at++) {
      const byte = json[at]
      if (byte === QUOTATION_MARK) return at
      if (byte === BACKSLASH) at += 1
    }
    if (at >= json.length) return at
    if (mark < at) mark = json.indexOf(QUOTATION_MARK, at)
    if (mark === -1) mark = json.length
    // A search up to the end of the JSON would make the time quadratic if the JSON has many long strings.
    const distance = json.subarray(at, mark).indexOf(BACKSLASH)
    if (distance === -1) return mark
    at += distance
  }
}

/** Returns true if lists, maps and objects in a decoded value are nested more than `levels` deep. Does not recurse. */
export const isValueDeeperThan = (value: unknown, levels: number): boolean => {
  const open: (readonly [value: unknown, level: number])[] = [[value, 0]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [current, level] = next
    if (typeof current !== 'object' || current === null || current instanceof Uint8Array) continue
    if (level === levels) return true
    for (const element of Object.values(current)) open.push([element, level + 1])
  }
  return false
}
