const UNRESERVED = /^[A-Za-z0-9_-]*$/
const encoder = new TextEncoder()

/** Percent-encodes a string. All UTF-8 bytes except `A-Z a-z 0-9 _ -` become `%XX`, with upper-case hex digits. */
export const encodeName = (text: string): string => {
  if (UNRESERVED.test(text)) return text
  let name = ''
  for (const byte of encoder.encode(text)) {
    const character = String.fromCharCode(byte)
    name += UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return name
}
