/** The methods of a `FileHandle` that `writeAll` uses. */
export interface WritableFile {
  write(bytes: Buffer): Promise<{ readonly bytesWritten: number }>
  writev(buffers: readonly Buffer[]): Promise<{ readonly bytesWritten: number }>
}

/**
 * Writes all bytes of `buffers` at the current position of a file. If the disk becomes full, the system may write a
 * part of the bytes without an error. The rest is therefore written again, which then fails with `ENOSPC`.
 */
export const writeAll = async (file: WritableFile, buffers: readonly Buffer[]): Promise<void> => {
  const { bytesWritten } = await file.writev(buffers)
  const bytes = buffers.reduce((sum, { length }) => sum + length, 0)
  if (bytesWritten === bytes) return
  let rest = Buffer.concat(buffers).subarray(bytesWritten)
  while (rest.length > 0) rest = rest.subarray((await file.write(rest)).bytesWritten)
}
