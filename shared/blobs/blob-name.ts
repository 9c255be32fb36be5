import { createHash } from 'node:crypto'

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

/** Longer names do not fit beside a prefix in a tar header or in a file system. */
const MAX_BYTES = 200
const HASHED = 'sha256-'

/** The name of a blob in an archive and in the blob bucket: a file id may be `..`, hold `/`, or be long. */
export const blobName = (fileId: string): string => {
  const name = encodeName(fileId)
  if (name.length <= MAX_BYTES && !name.startsWith(HASHED)) return name
  return `${HASHED}${createHash('sha256').update(fileId).digest('hex')}`
}
