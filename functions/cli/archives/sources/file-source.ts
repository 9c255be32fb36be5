import { type FileHandle, open } from 'node:fs/promises'
import type { ArchiveSource } from '../../../../shared/archive/archive.ts'
import { ArchiveUnavailableError } from '../errors.ts'
import type { OpenSource } from './open-source.ts'

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
    if (code === 'ENOENT') throw new ArchiveUnavailableError(`there is no such file: ${path}`, { cause: error })
    if (code === 'EACCES') throw new ArchiveUnavailableError(`the file ${path} may not be read`, { cause: error })
    throw error
  }
}

const fileSource = (path: string, file: FileHandle, size: number): ArchiveSource => ({
  size,
  read: async (start, length) => {
    const bytes = Buffer.alloc(length)
    for (let done = 0; done < length;) {
      const { bytesRead } = await file.read(bytes, done, length - done, start + done)
      if (bytesRead === 0) throw new ArchiveUnavailableError(`${path} became shorter while it was being read`)
      done += bytesRead
    }
    return bytes
  },
  stream: (start, length) =>
    Promise.resolve(file.createReadStream({ start, end: start + length - 1, autoClose: false })),
})
