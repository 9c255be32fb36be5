import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ArchiveSource } from '../../../../shared/archive/archive.ts'
import { ArchiveUnavailableError, NoSuchFileError } from '../errors.ts'
import type { OpenSource } from './source.ts'
import { readExactly } from './read-exactly.ts'

/** Opens a local file. All reads use one file handle, so they read the same file even if its path is replaced. */
export const openFileSource = async (path: string): Promise<OpenSource> => {
  const file = await openFile(path)
  try {
    const stat = await file.stat()
    if (!stat.isFile())
      throw new ArchiveUnavailableError(`${path} is not a file; download an archive before you read it`)
    return { ...fileSource(path, file, stat.size), close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

const openFile = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') throw new NoSuchFileError(`there is no such file: ${path}`, { cause: error })
    if (code === 'EACCES') throw new ArchiveUnavailableError(`the file ${path} may not be read`, { cause: error })
    throw error
  }
}

const fileSource = (path: string, file: FileHandle, size: number): ArchiveSource => ({
  size,
  read: (start, length) => readExactly(file, path, start, length),
  stream: (start, length) => Promise.resolve(Readable.from(pieces(path, file, start, length), { objectMode: false })),
})

/** The number of bytes of one read. */
const PIECE_BYTES = 256 * 1024

/** A stream of Node.js would add a listener to the file handle each time. */
async function* pieces(path: string, file: FileHandle, start: number, length: number): AsyncGenerator<Buffer> {
  for (let done = 0; done < length; done += PIECE_BYTES)
    yield await readExactly(file, path, start + done, Math.min(PIECE_BYTES, length - done))
}
