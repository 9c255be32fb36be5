import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'

export const fixture = (name: string): string => fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url))
export const CATALOGUE = fixture('acbak/catalogue-v3.acbak')

/** A temporary folder that contains archives and the folders to which they are extracted. */
export class ExtractFolders {
  path = ''
  #count = 0

  async create(): Promise<void> {
    this.path = await mkdtemp(join(tmpdir(), 'specstar-extract-'))
  }

  /** Returns the path of a folder that does not exist yet. */
  newFolder(): string {
    return join(this.path, `out-${(this.#count += 1)}`)
  }

  /** Writes an archive to a file, and returns its path. */
  async saved(bytes: Buffer): Promise<string> {
    const path = join(this.path, `archive-${(this.#count += 1)}.acbak`)
    await writeFile(path, bytes)
    return path
  }
}

/** Creates the folder for all tests of a file. Call this function at the top level of the file. */
export const useExtractFolders = (): ExtractFolders => {
  const folders = new ExtractFolders()
  beforeAll(() => folders.create())
  afterAll(() => rm(folders.path, { recursive: true }))
  return folders
}

/** Returns the paths of all files under a folder. */
export const filesIn = async (path: string): Promise<string[]> => {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .flatMap((entry) => (entry.isDirectory() ? [] : [join(entry.parentPath, entry.name).slice(path.length)]))
    .sort()
}
