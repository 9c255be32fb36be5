import { appendFileSync, createWriteStream } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UsageError } from '../../usage-error.ts'
import { RepeatedEntryError } from '../errors.ts'
import { fileNameOf } from './file-name.ts'

/** Archives contain all data of a store, so only the user may read what is extracted. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/**
 * A folder that is filled with new files. It does not exist before, or is empty, so no file is replaced and no symbolic
 * link is followed.
 */
export class NewFolder {
  readonly path: string
  readonly #folders = new Set<string>()
  readonly #appended = new Set<string>()

  private constructor(path: string) {
    this.path = path
  }

  /** Creates the folder. Throws `UsageError` if it exists and is not empty. */
  static async create(path: string): Promise<NewFolder> {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE }).catch((error: unknown) => {
      if (!isExistsError(error) && !isError(error, 'ENOTDIR')) throw error
      throw new UsageError(`${path} is a file; choose a new folder with --output`, { cause: error })
    })
    if ((await readdir(path)).length > 0)
      throw new UsageError(`the folder ${path} is not empty; choose a new folder with --output`)
    return new NewFolder(path)
  }

  /**
   * Writes a new file. `folders` and `id` may be any strings, see `fileNameOf`. Returns the path of the file within the
   * folder. If the content cannot be read to its end, removes the file and throws the error. Throws
   * `RepeatedEntryError` if this id has been written before.
   */
  async write(
    folders: readonly string[],
    id: string,
    extension: string,
    content: AsyncIterable<string | Buffer>,
  ): Promise<string> {
    const folder = folders.map(fileNameOf).join('/')
    if (!this.#folders.has(folder)) await mkdir(join(this.path, folder), { recursive: true, mode: FOLDER_MODE })
    this.#folders.add(folder)
    const name = `${folder}${folder === '' ? '' : '/'}${fileNameOf(id)}${extension}`
    const path = join(this.path, name)
    const file = createWriteStream(path, { flags: 'wx', mode: FILE_MODE })
    try {
      await pipeline(Readable.from(content), file)
    } catch (error) {
      // Different ids have different files, and the folder was empty.
      if (isExistsError(error))
        throw new RepeatedEntryError('occurs twice in the archive; only the first one was extracted', { cause: error })
      await rm(path, { force: true })
      throw error
    }
    return name
  }

  /** Appends a line to a file of the folder. The first call creates the file. */
  appendLine(name: string, line: string): void {
    const isNew = !this.#appended.has(name)
    this.#appended.add(name)
    appendFileSync(join(this.path, name), `${line}\n`, { flag: isNew ? 'ax' : 'a', mode: FILE_MODE })
  }
}

const isExistsError = (error: unknown): boolean => isError(error, 'EEXIST')

const isError = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
