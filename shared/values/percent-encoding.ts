const SAFE = /^[A-Za-z0-9_-]*$/
const encoder = new TextEncoder()

/** Every UTF-8 byte outside `[A-Za-z0-9_-]` percent-encoded, upper case. */
export const encodeName = (text: string): string => {
  if (SAFE.test(text)) return text
  let name = ''
  for (const byte of encoder.encode(text)) {
    const char = String.fromCharCode(byte)
    name += SAFE.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return name
}
