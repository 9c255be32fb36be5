import { createHash } from 'node:crypto'
import { encodeName } from '../values/percent-encoding.ts'

/**
 * The largest size of a blob name, in bytes. Common operating systems limit file names to 255 bytes, so there is room
 * for a prefix.
 */
const MAX_BYTES = 200
const HASH_PREFIX = 'sha256-'

/**
 * Returns the name of a blob in archives and in the blob bucket. The file id itself cannot be the name, because it can
 * contain `/`, be `..` or be too long. The name is the percent-encoded file id. If this string is too long or begins
 * with `sha256-`, the name is `sha256-` and the SHA-256 of the file id instead.
 */
export const blobName = (fileId: string): string => {
  const name = encodeName(fileId)
  if (name.length <= MAX_BYTES && !name.startsWith(HASH_PREFIX)) return name
  return `${HASH_PREFIX}${createHash('sha256').update(fileId).digest('hex')}`
}
