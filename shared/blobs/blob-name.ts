import { createHash } from 'node:crypto'
import { encodeName } from '../values/percent-encoding.ts'

/** With a prefix, longer names fit neither into a tar header nor into the file systems of common operating systems. */
const MAX_BYTES = 200
const HASH_PREFIX = 'sha256-'

/**
 * The name of a blob in an archive and in the blob bucket, made of its file id: file ids can contain `/`, be `..`, or
 * be too long for a file name. Rules: `shared/resources/STORE.md`.
 */
export const blobName = (fileId: string): string => {
  const name = encodeName(fileId)
  if (name.length <= MAX_BYTES && !name.startsWith(HASH_PREFIX)) return name
  return `${HASH_PREFIX}${createHash('sha256').update(fileId).digest('hex')}`
}
