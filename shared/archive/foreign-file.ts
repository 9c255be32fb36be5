import { quote } from '../values/message-text.ts'
import { ArchiveTruncatedError, atByte, NotAnArchiveError } from './errors.ts'
import { LEFT_OUT_NAME } from './left-out.ts'
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
  ['Rar!', 'a RAR file', 'unpack it'],
  ['\x04\x22\x4d\x18', 'an LZ4 file', 'decompress it with lz4 -d'],
  ['%PDF', 'a PDF file', 'check whether this is the right file'],
  ['\x89PNG', 'a PNG image', 'check whether this is the right file'],
  ['SQLite format 3\0', 'an SQLite database', 'check whether this is the right file'],
  ['<', 'XML or HTML text', 'check whether an error page was saved instead of the archive'],
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
  if (known !== undefined) return new NotAnArchiveError(`the file is ${known[1]}; ${known[2]}`)
  if (looksLikeJson(head))
    return new NotAnArchiveError('the file is JSON; check whether an error was saved instead of the archive')
  if (head.every((byte) => byte === 0))
    return new NotAnArchiveError('the file begins with zero bytes, so its content was probably lost during a copy')
  if (looksLikeText(head)) return new NotAnArchiveError('the file is text; check whether this is the right file')
  // It may also be a repacked archive whose first bytes are damaged.
  return atByte(0, new NotAnArchiveError('the file does not begin with a tar header'))
}

/** Returns true if the first bytes of a file look like the start of a JSON object or list. */
export const looksLikeJson = (head: Buffer): boolean =>
  /^(?:\xef\xbb\xbf)?[ \t\r\n]*[[{][^\0]*$/.test(head.toString('latin1'))

/** Returns true if bytes are text without control characters. The last character may be cut off. */
const looksLikeText = (head: Buffer): boolean => {
  const text = new TextDecoder().decode(head, { stream: true })
  // eslint-disable-next-line no-control-regex -- These characters distinguish binary files from text.
  return !/[\0-\x08\x0e-\x1a\x1c-\x1f\ufffd]/.test(text)
}

/**
 * Returns an error that explains why a tar without a manifest is not an archive. `paths` are the names of some or all
 * files in the tar. If the tar contains an archive in a folder or as a file, the message states this. If no name can
 * belong to an archive, the message contains one of the names. Otherwise, a part of the archive is missing, and the
 * message contains `missing`, which describes this part.
 */
export const explainForeignTar = (
  paths: Iterable<string>,
  missing = `it has no ${MANIFEST_NAME}`,
): NotAnArchiveError | ArchiveTruncatedError => {
  const all = [...paths]
  const names = all.filter((path) => !isMacFile(path))
  const nested = names.find((path) => path.endsWith(`/${MANIFEST_NAME}`) || path.endsWith(`/${TRAILER_NAME}`))
  if (nested !== undefined) {
    const folder = nested.slice(0, nested.lastIndexOf('/'))
    return new NotAnArchiveError(
      `the files are in the folder ${quote(folder)} of the tar, but must be at the top level; ` +
        'pack the content of the folder instead of the folder itself: tar -cf backup.acbak -C {folder} .',
    )
  }
  const packed = names.find((path) => path.endsWith('.acbak'))
  if (packed !== undefined)
    return new NotAnArchiveError(
      `the file is a tar that contains the file ${quote(packed)}; unpack the tar and restore this file`,
    )
  if (names.some(isArchivePath)) return new ArchiveTruncatedError(missing)
  const [foreign] = names
  if (foreign !== undefined)
    return new NotAnArchiveError(
      `the file is a tar of other files, such as ${quote(foreign)}; check whether this is the right file`,
    )
  const [macFile] = all
  return new NotAnArchiveError(
    macFile === undefined
      ? 'the file is a tar without files'
      : `the file is a tar that contains only files that macOS has added, such as ${quote(macFile)}; ` +
          'check whether this is the right file',
  )
}

/** Returns true if a file of this name can belong to an archive. */
const isArchivePath = (path: string): boolean => ARCHIVE_PATH.test(path)

const ARCHIVE_PATH = new RegExp(
  `^(?:${[MANIFEST_NAME, TRAILER_NAME, LEFT_OUT_NAME].map((name) => name.replaceAll('.', String.raw`\.`)).join('|')}|` +
    'index/.+|models/.+|payloads/.+|blobs/.+)$',
)

/** Returns true if macOS adds files with this name to folders or tars. */
export const isMacFile = (path: string): boolean => {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name.startsWith('._') || name === '.DS_Store' || path.startsWith('__MACOSX/')
}
