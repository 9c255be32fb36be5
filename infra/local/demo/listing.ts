import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import tar from 'tar-stream'

export interface Entry {
  readonly path: string
  readonly size: number
}

export interface FolderCount {
  readonly folder: string
  readonly entries: number
  readonly bytes: number
}

/** Lists the entries of an archive with a tar library. This shows that other tar tools can also read archives. */
export const listArchive = async (file: string): Promise<Entry[]> => {
  const entries: Entry[] = []
  const extract = tar.extract()
  extract.on('entry', ({ name, size }, content, next) => {
    entries.push({ path: name, size })
    content.on('error', next)
    content.on('end', next)
    content.resume()
  })
  await pipeline(createReadStream(file), extract)
  return entries
}

/** Counts the entries and bytes of each top-level folder and file. The result has the order of the archive. */
export const folderCounts = (entries: readonly Entry[]): FolderCount[] => {
  const folders = new Map<string, FolderCount>()
  for (const { path, size } of entries) {
    const [top = path, ...rest] = path.split('/')
    const folder = rest.length === 0 ? top : `${top}/`
    const before = folders.get(folder) ?? { folder, entries: 0, bytes: 0 }
    folders.set(folder, { folder, entries: before.entries + 1, bytes: before.bytes + size })
  }
  return [...folders.values()]
}
