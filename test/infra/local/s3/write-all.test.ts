import { describe, expect, it } from 'vitest'
import { unexpectedError } from '../../../../infra/local/s3/http/s3-error.ts'
import { type WritableFile, writeAll } from '../../../../infra/local/s3/storage/write-all.ts'

/** A file on a disk with `free` bytes. Like Linux, it writes what fits, and fails when nothing fits. */
class FileOnFullDisk implements WritableFile {
  content = Buffer.alloc(0)
  readonly #free: number
  /** The largest number of bytes that one call writes. */
  readonly #atOnce: number

  constructor(free: number, atOnce = Infinity) {
    this.#free = free
    this.#atOnce = atOnce
  }

  write(bytes: Buffer): Promise<{ bytesWritten: number }> {
    const bytesWritten = Math.min(bytes.length, this.#free - this.content.length, this.#atOnce)
    if (bytesWritten === 0)
      return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }))
    this.content = Buffer.concat([this.content, bytes.subarray(0, bytesWritten)])
    return Promise.resolve({ bytesWritten })
  }

  writev(buffers: readonly Buffer[]): Promise<{ bytesWritten: number }> {
    return this.write(Buffer.concat(buffers))
  }
}

describe('writing the content of an object', () => {
  const buffers = ['ab', 'cdef', 'g'].map((text) => Buffer.from(text))

  it.each([Infinity, 5, 2, 1])('continues after writes of at most %d bytes', async (atOnce) => {
    const file = new FileOnFullDisk(100, atOnce)
    await writeAll(file, buffers)
    expect(file.content.toString()).toBe('abcdefg')
  })

  it.each([1, 3, 6])('is rejected as StorageFull if only %d bytes fit on the disk', async (free) => {
    const error: unknown = await writeAll(new FileOnFullDisk(free), buffers).catch((thrown: unknown) => thrown)
    expect(unexpectedError(error)).toMatchObject({ code: 'StorageFull', status: 507 })
  })
})
