import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { Segment } from './s3-records.ts'

// Large enough that a system call's cost does not show, small enough that many uploads at once stay cheap.
const WRITE_BYTES = 1024 * 1024
const READ_BYTES = 512 * 1024

/**
 * The bytes of objects: files that are written once, never changed, and named by a record only when they are whole.
 * What a process left behind when it was killed is swept at the next start.
 */
export class ContentFiles {
  readonly #dir: string

  private constructor(dir: string) {
    this.#dir = dir
  }

  /** Opens the folder and removes every file that `referenced` does not name. */
  static async open(dir: string, referenced: ReadonlySet<string>): Promise<ContentFiles> {
    const content = new ContentFiles(dir)
    for (let shelf = 0; shelf < 256; shelf++) {
      const path = join(dir, shelf.toString(16).padStart(2, '0'))
      await mkdir(path, { recursive: true })
      for (const file of await readdir(path)) {
        if (!referenced.has(file)) await rm(join(path, file), { force: true })
      }
    }
    return content
  }

  /** Writes all of `source` to a new file; where the source fails, its error is thrown and no file is left. */
  async write(source: AsyncIterable<Buffer>): Promise<Segment> {
    const file = randomUUID()
    const handle = await open(this.#path(file), 'wx')
    let length = 0
    try {
      let waiting: Buffer[] = []
      let bytes = 0
      const flush = async (): Promise<void> => {
        if (bytes === 0) return
        const { bytesWritten } = await handle.writev(waiting)
        if (bytesWritten !== bytes) throw new Error(`wrote ${bytesWritten} of ${bytes} bytes: is the disk full?`)
        length += bytes
        waiting = []
        bytes = 0
      }
      for await (const piece of source) {
        waiting.push(piece)
        bytes += piece.length
        if (bytes >= WRITE_BYTES) await flush()
      }
      await flush()
      await handle.close()
      return { file, offset: 0, length }
    } catch (error) {
      await handle.close()
      await rm(this.#path(file), { force: true })
      throw error
    }
  }

  /** The same bytes under a name of their own, without copying them where the file system can link. */
  async share(segments: readonly Segment[]): Promise<readonly Segment[]> {
    const shared: Segment[] = []
    try {
      for (const segment of segments) {
        const file = randomUUID()
        try {
          await link(this.#path(segment.file), this.#path(file))
        } catch {
          // no links on this file system, or as many as an inode takes
          await copyFile(this.#path(segment.file), this.#path(file), constants.COPYFILE_FICLONE)
        }
        shared.push({ ...segment, file })
      }
      return shared
    } catch (error) {
      await this.remove(shared)
      throw error
    }
  }

  async remove(segments: readonly Segment[]): Promise<void> {
    for (const { file } of segments) await rm(this.#path(file), { force: true })
  }

  /** A stream of these bytes, opened one file at a time. */
  read(segments: readonly Segment[]): Readable {
    const [only, ...others] = segments
    if (only === undefined) return Readable.from([], { objectMode: false })
    if (others.length === 0) return this.#stream(only)
    return Readable.from(this.#inTurn(segments), { objectMode: false, highWaterMark: READ_BYTES })
  }

  async *#inTurn(segments: readonly Segment[]): AsyncGenerator<Buffer> {
    for (const segment of segments) yield* this.#stream(segment) as AsyncIterable<Buffer>
  }

  #stream({ file, offset, length }: Segment): Readable {
    if (length === 0) return Readable.from([], { objectMode: false })
    return createReadStream(this.#path(file), { start: offset, end: offset + length - 1, highWaterMark: READ_BYTES })
  }

  #path(file: string): string {
    return join(this.#dir, file.slice(0, 2), file)
  }
}

/** The stretch `start`…`end` (inclusive) of the bytes that `segments` make up. */
export function slice(segments: readonly Segment[], start: number, end: number): readonly Segment[] {
  const wanted: Segment[] = []
  let position = 0
  for (const { file, offset, length } of segments) {
    const from = Math.max(start - position, 0)
    const to = Math.min(end + 1 - position, length)
    if (from < to) wanted.push({ file, offset: offset + from, length: to - from })
    position += length
  }
  return wanted
}
