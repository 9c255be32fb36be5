import { createHash } from 'node:crypto'
import { encodeName } from '../values/percent-encoding.ts'

/**
 * The limit on a blob name, in bytes. File names on common operating systems have at most 255 bytes. The limit leaves
 * room for a prefix.
 */
const MAX_BYTES = 200
const HASH_PREFIX = 'sha256-'

/**
 * Returns the name of a blob in archives and in the blob bucket. The file id itself cannot be the name, because it
 * can contain `/`, be `..` or be too long for a file name. The name is the percent-encoded file id or, if that is too
 * long or begins with `sha256-`, `sha256-` and the SHA-256 of the file id.
 */
export const blobName = (fileId: string): string => {
  const name = encodeName(fileId)
  if (name.length <= MAX_BYTES && !name.startsWith(HASH_PREFIX)) return name
  return `${HASH_PREFIX}${createHash('sha256').update(fileId).digest('hex')}`
}
