import { createHash } from 'node:crypto'
import { encodeName } from '../values/percent-encoding.ts'

/** Longer names do not fit beside a prefix in a tar header or in a file system. */
const MAX_BYTES = 200
const HASHED = 'sha256-'

/** The name of a blob in an archive and in the blob bucket: a file id may be `..`, hold `/`, or be long. */
export const blobName = (fileId: string): string => {
  const name = encodeName(fileId)
  if (name.length <= MAX_BYTES && !name.startsWith(HASHED)) return name
  return `${HASHED}${createHash('sha256').update(fileId).digest('hex')}`
}
