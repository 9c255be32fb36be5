import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ByteSource } from '../../../../shared/specstar/stream-window.ts'
import { readExactly } from '../sources/read-exactly.ts'

/**
 * A temporary file that only this user can read. Where the system allows it, its name is removed at once, so that no
 * file remains if the process is killed.
 */
export class TemporaryFile implements ByteSource {
  readonly #path: string
  readonly #file: FileHandle
  #isRemoved = false
  #size = 0

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  static async create(folder = tmpdir()): Promise<TemporaryFile> {
    const path = join(folder, `specstar-backup-${randomUUID()}`)
    const file = new TemporaryFile(path, await open(path, 'wx+', 0o600))
    await file.#remove().catch(() => undefined)
    return file
  }

  get size(): number {
    return this.#size
  }

  async append(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#size + done)
      done += bytesWritten
    }
    this.#size += bytes.length
  }

  read(start: number, length: number): Promise<Buffer> {
    return readExactly(this.#file, this.#path, start, length)
  }

  async close(): Promise<void> {
    await this.#file.close()
    if (!this.#isRemoved) await this.#remove()
  }

  async #remove(): Promise<void> {
    await rm(this.#path)
    this.#isRemoved = true
  }
}
