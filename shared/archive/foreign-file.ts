import { quote } from '../values/message-text.ts'
import { ArchiveTruncatedError, NotAnArchiveError } from './errors.ts'
import { MANIFEST_NAME, TRAILER_NAME } from './tail.ts'

/** Formats of files that users may confuse with archives. Each has its first bytes, a description, and what to do. */
const FORMATS: readonly (readonly [head: string, what: string, advice: string])[] = [
  ['\x1f\x8b', 'a gzip file', 'decompress it with gunzip'],
  ['PK\x03\x04', 'a zip file', 'unpack it'],
  ['PK\x05\x06', 'an empty zip file', 'check how it was made'],
  ['\x28\xb5\x2f\xfd', 'a zstd file', 'decompress it with zstd -d'],
  ['BZh', 'a bzip2 file', 'decompress it with bunzip2'],
  ['\xfd7zXZ\0', 'an xz file', 'decompress it with unxz'],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip file', 'unpack it'],
  [
    '\x00\x05\x16\x07',
    'a file in which macOS keeps attributes of another file (its name begins with ._)',
    'use the file whose name lacks the ._',
  ],
]

/**
 * Returns an error that explains why a file without a tar header at its start is not an archive. If the first bytes
 * belong to a known format, the message contains the format and what to do.
 */
export const explainForeignFile = (head: Buffer): NotAnArchiveError => {
  const text = head.toString('latin1')
  const known = FORMATS.find(([bytes]) => text.startsWith(bytes))
  if (known !== undefined) return new NotAnArchiveError(`it is ${known[1]}; ${known[2]}`)
  if (looksLikeJson(head)) return new NotAnArchiveError('it is JSON')
  return new NotAnArchiveError('it does not begin with a tar header')
}

/** Returns true if the first bytes of a file look like the start of a JSON object or list. */
export const looksLikeJson = (head: Buffer): boolean =>
  /^(?:\xef\xbb\xbf)?[ \t\r\n]*[[{][^\0]*$/.test(head.toString('latin1'))

/**
 * Returns an error that explains why a tar without a manifest is not an archive. `paths` are the names of the files in
 * the tar. If the tar contains an archive in a folder or as a file, the message states this. Otherwise, the end of the
 * archive is missing.
 */
export const explainMissingManifest = (paths: Iterable<string>): NotAnArchiveError | ArchiveTruncatedError => {
  const names = [...paths].filter((path) => !isMacFile(path))
  const nested = names.find((path) => path.endsWith(`/${MANIFEST_NAME}`) || path.endsWith(`/${TRAILER_NAME}`))
  if (nested !== undefined) {
    const folder = nested.slice(0, nested.lastIndexOf('/'))
    return new NotAnArchiveError(
      `its files are in the folder ${quote(folder)} of the tar, but must be at the top level; ` +
        'pack the content of the folder instead of the folder itself: tar -cf backup.acbak -C {folder} .',
    )
  }
  const packed = names.find((path) => path.endsWith('.acbak'))
  if (packed !== undefined)
    return new NotAnArchiveError(
      `it is a tar that contains the file ${quote(packed)}; unpack the tar and restore this file`,
    )
  return new ArchiveTruncatedError(`it has no ${MANIFEST_NAME}`)
}

/** Returns true if macOS adds files with this name to folders or tars. */
export const isMacFile = (path: string): boolean => {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name.startsWith('._') || name === '.DS_Store' || path.startsWith('__MACOSX/')
}
