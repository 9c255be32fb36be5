import { createHash } from 'node:crypto'
import { ArchiveInvalidError } from './errors.ts'
import type { IndexLine } from './index-line.ts'

/**
 * The position of a payload or blob in an archive, to be compared as text: `0` and the SHA-256 of a payload, after all of
 * these `1` and the SHA-256 of a blob's file id.
 */
export const blobOrder = (line: IndexLine): string => {
  switch (line.kind) {
    case 'payload':
      return `0${line.sha256}`
    case 'blob':
      return `1${createHash('sha256').update(line.file_id).digest('hex')}`
    case 'records':
      throw new ArchiveInvalidError(`entry ${line.path} holds records among blobs`)
  }
}
