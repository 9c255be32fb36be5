import type { FileHandle } from 'node:fs/promises'
import { ArchiveUnavailableError } from '../errors.ts'

/** Reads a range of a file. Throws `ArchiveUnavailableError` if the file ends before the range. */
export const readExactly = async (file: FileHandle, path: string, start: number, length: number): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafe(length)
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, start + done)
    if (bytesRead === 0) throw new ArchiveUnavailableError(`${path} became shorter while it was being read`)
    done += bytesRead
  }
  return bytes
}
