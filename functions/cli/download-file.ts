import { randomUUID } from 'node:crypto'
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorMessage } from '../../shared/values/error-message.ts'
import { UsageError } from './usage-error.ts'

/** Archives contain all data of a store, so only the user may read them. */
const MODE = 0o600

/**
 * A new file that appears under its name only when it is complete. Until then, it has a name that nobody else uses, in
 * the same folder. No existing file is replaced, and no link is followed.
 */
export class DownloadFile {
  readonly path: string
  readonly #partial: string
  readonly #handle: FileHandle

  private constructor(path: string, partial: string, handle: FileHandle) {
    this.path = path
    this.#partial = partial
    this.#handle = handle
  }

  /** Throws `UsageError` if the file exists already or cannot be created. */
  static async create(path: string): Promise<DownloadFile> {
    if (await exists(path)) throw existsAlready(path)
    const partial = join(dirname(path), `.${randomUUID()}.partial`)
    try {
      return new DownloadFile(path, partial, await open(partial, 'wx', MODE))
    } catch (error) {
      throw new UsageError(`--output: ${path} cannot be written: ${errorMessage(error)}`, { cause: error })
    }
  }

  /** Throws `UsageError` if the file exists already or cannot be created. */
  static async check(path: string): Promise<void> {
    const file = await DownloadFile.create(path)
    await file.discard()
  }

  async writeAll(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const piece of pieces) await this.#handle.writeFile(piece)
  }

  /** Gives the file its name. Throws if it does not have `size` bytes, or if the name is in use meanwhile. */
  async complete(size: number): Promise<void> {
    await this.#handle.sync()
    const { size: written } = await this.#handle.stat()
    if (written !== size) throw new Error(`the file has ${written} bytes instead of ${size}`)
    await this.#handle.close()
    await this.#giveName()
  }

  /** Removes the incomplete file. Has no effect on a complete one. */
  async discard(): Promise<void> {
    await this.#handle.close()
    await rm(this.#partial, { force: true })
  }

  async #giveName(): Promise<void> {
    try {
      await link(this.#partial, this.path)
      await rm(this.#partial)
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw existsAlready(this.path)
      if (!NO_LINKS.has(codeOf(error))) throw error
      await this.#reserveAndRename()
    }
  }

  /** For file systems without links, such as FAT: no other program can create a file between these two steps. */
  async #reserveAndRename(): Promise<void> {
    try {
      await (await open(this.path, 'wx', MODE)).close()
    } catch (error) {
      throw codeOf(error) === 'EEXIST' ? existsAlready(this.path) : error
    }
    try {
      await rename(this.#partial, this.path)
    } catch (error) {
      await rm(this.path, { force: true })
      throw error
    }
  }
}

/** Codes of errors of `link` on file systems without links. */
const NO_LINKS = new Set<unknown>(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

const existsAlready = (path: string): UsageError =>
  new UsageError(`--output: ${path} exists already; delete it or choose another file`)

const exists = async (path: string): Promise<boolean> => {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw new UsageError(`--output: ${path} cannot be written: ${errorMessage(error)}`, { cause: error })
  }
}
