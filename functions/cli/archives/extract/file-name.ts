import { hash } from 'node:crypto'
import { encodeName } from '../../../../shared/values/percent-encoding.ts'

/** The largest number of bytes of a file name before its hash. Common systems allow 255 bytes in all. */
const MAX_BYTES = 150
/** Names that Windows reserves, with any extension. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/i
/** The number of hex digits of a hash. 128 bits cannot be made to collide. */
const HASH_DIGITS = 32

/**
 * Returns the name of the file or folder for an id. The name consists of `A-Z a-z 0-9 _ - % ~`, so it is never a path,
 * `.` or `..`. All other characters are percent-encoded. Two different ids have different names, even if the file
 * system does not distinguish upper and lower case. Ids with upper-case letters, reserved names, long ids and ids with
 * lone surrogates therefore end with `~` and a hash, which no other names contain.
 */
export const fileNameOf = (id: string): string => {
  const name = encodeName(id)
  if (id.isWellFormed() && name !== '' && name.length <= MAX_BYTES && !/[A-Z]/.test(id) && !RESERVED.test(name))
    return name
  // A percent-encoded byte is not cut.
  const start = name.slice(0, MAX_BYTES).replace(/%[0-9A-F]?$/, '')
  // In UTF-8, all lone surrogates are the same character.
  const bytes = id.isWellFormed() ? id : Buffer.from(id, 'utf16le')
  return `${start}~${hash('sha256', bytes).slice(0, HASH_DIGITS)}`
}
