import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import type { ArchiveSource } from './archive.ts'
import { ByteReader } from './byte-reader.ts'
import { ArchiveInvalidError, atByte } from './errors.ts'
import { MAX_WALKED_FILES, MAX_WALKED_NAME_BYTES, MAX_WALKED_NAMES_BYTES } from './limits.ts'
import { guardTar } from './tar-guard.ts'
import { buffersOf } from '../values/buffers-of.ts'
import { pathText, quote } from '../values/message-text.ts'
import { BLOCK } from './tar-header.ts'

/** The content of a file in a tar. `offset` is the offset of its first byte in the tar. */
export interface TarFile {
  readonly offset: number
  readonly size: number
  readonly sha256: string
}

/** The limits on the number of files and on the size of the names in a tar. The files and names are held in memory. */
export interface TarLimits {
  /** Maximum number of files. */
  readonly files: number
  /** Maximum size of all names together, in bytes. */
  readonly nameBytes: number
}

const LIMITS: TarLimits = { files: MAX_WALKED_FILES, nameBytes: MAX_WALKED_NAMES_BYTES }

/**
 * Reads a whole tar, which any program may have packed, and returns its files by path. A leading `./` is removed from
 * names, and directories are skipped. Throws `ArchiveInvalidError` or `ArchiveTruncatedError` if the tar cannot be an
 * archive.
 */
export const readTarFiles = async (source: ArchiveSource, limits = LIMITS): Promise<Map<string, TarFile>> => {
  const files = new Map<string, TarFile>()
  let nameBytes = 0
  /** The byte at which the header of the current entry begins. */
  let start = 0
  const reader = new ByteReader(await source.stream(0, source.size))
  const tar = extract()
  const passed = pipeline(guardTar(reader, source.size), tar)
  // An error of the pipeline destroys `tar`, so the loop below throws the error. This handler prevents an unhandled
  // rejection of `passed`, which would end the process.
  passed.catch(() => undefined)
  try {
    for await (const entry of tar) {
      start = entry.offset
      const { name, size, type } = entry.header
      const path = name.replace(/^(?:\.\/+)+/, '')
      const bytes = Buffer.byteLength(path)
      // The length is checked first, because the other steps are slow for very long names.
      if (bytes > MAX_WALKED_NAME_BYTES)
        throw new ArchiveInvalidError(
          `a name in the tar has ${bytes} bytes; at most ${MAX_WALKED_NAME_BYTES} are allowed`,
        )
      if (type === 'directory' || (name.endsWith('/') && size === 0)) {
        checkDirectory(name, path)
        continue
      }
      if (files.size === limits.files) throw new ArchiveInvalidError(`the tar has more than ${limits.files} files`)
      nameBytes += bytes
      if (nameBytes > limits.nameBytes)
        throw new ArchiveInvalidError(`the names in the tar have more than ${limits.nameBytes} bytes together`)
      checkPath(path)
      if (files.has(path)) throw new ArchiveInvalidError(`the tar has two entries ${pathText(path)}`)
      files.set(path, { offset: start + BLOCK, size, sha256: await sha256Of(entry) })
    }
    await passed
  } catch (error) {
    throw atByte(start, error)
  } finally {
    reader.close()
  }
  return files
}

const checkDirectory = (name: string, path: string): void => {
  const withoutSlash = path.replace(/\/+$/, '')
  // The entry `./`, which is the packed folder itself, is allowed.
  if (withoutSlash !== '' || name.startsWith('/')) checkPath(withoutSlash)
}

const checkPath = (path: string): void => {
  const parts = path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..') || path.includes('\0'))
    throw new ArchiveInvalidError(
      `entry ${quote(path)} must have a relative path without empty parts, ".", ".." and NUL`,
    )
}

const sha256Of = async (content: AsyncIterable<unknown>): Promise<string> => {
  const hash = createHash('sha256')
  // `tar-stream` declares no type for the pieces of a content. They are the buffers that `guardTar` returns.
  for await (const piece of buffersOf(content)) hash.update(piece)
  return hash.digest('hex')
}
