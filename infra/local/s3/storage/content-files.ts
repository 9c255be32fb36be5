import { randomUUID } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { copyFile, link, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Segment } from './records.ts'
import { writeAll } from './write-all.ts'
import { buffersOf } from '../../../../shared/values/buffers-of.ts'

// The number of bytes that one write or read of a file transfers. Larger numbers would hardly be faster, and concurrent
// requests would need more memory.
const WRITE_BYTES = 1024 * 1024
const READ_BYTES = 512 * 1024

/**
 * The content of objects and parts, in files that never change. A record refers to a file only after the file is
 * complete. If the process is killed, files without records can remain. The next start deletes them.
 */
export class ContentFiles {
  readonly #dir: string

  private constructor(dir: string) {
    this.#dir = dir
  }

  /** Opens the folder, and deletes every file whose name is not in `referenced`. */
  static async open(dir: string, referenced: ReadonlySet<string>): Promise<ContentFiles> {
    const content = new ContentFiles(dir)
    for (let prefix = 0; prefix < 256; prefix++) {
      const path = join(dir, prefix.toString(16).padStart(2, '0'))
      await mkdir(path, { recursive: true })
      for (const file of await readdir(path)) {
        if (!referenced.has(file)) await rm(join(path, file), { force: true })
      }
    }
    return content
  }

  /** Writes `source` to a new file. If `source` throws, deletes the file and throws the same error. */
  async write(source: AsyncIterable<Buffer>): Promise<Segment> {
    const file = randomUUID()
    const handle = await open(this.#path(file), 'wx')
    let length = 0
    try {
      let waiting: Buffer[] = []
      let bytes = 0
      const flush = async (): Promise<void> => {
        if (bytes === 0) return
        await writeAll(handle, waiting)
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

  /**
   * Creates new files with the same content and returns their segments. The files are hard links or, if the file system
   * does not support hard links, copies.
   */
  async share(segments: readonly Segment[]): Promise<readonly Segment[]> {
    const shared: Segment[] = []
    try {
      for (const segment of segments) {
        const file = randomUUID()
        try {
          await link(this.#path(segment.file), this.#path(file))
        } catch {
          // The file system does not support hard links, or the file has the maximum number of them.
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

  /** Returns a stream of the segments. It opens one file after the other. */
  read(segments: readonly Segment[]): Readable {
    const [only, ...others] = segments
    if (only === undefined) return Readable.from([], { objectMode: false })
    if (others.length === 0) return this.#stream(only)
    return Readable.from(this.#concatenated(segments), { objectMode: false, highWaterMark: READ_BYTES })
  }

  async *#concatenated(segments: readonly Segment[]): AsyncGenerator<Buffer> {
    for (const segment of segments) yield* buffersOf(this.#stream(segment))
  }

  #stream({ file, offset, length }: Segment): Readable {
    if (length === 0) return Readable.from([], { objectMode: false })
    return createReadStream(this.#path(file), { start: offset, end: offset + length - 1, highWaterMark: READ_BYTES })
  }

  #path(file: string): string {
    return join(this.#dir, file.slice(0, 2), file)
  }
}

/** Returns the segments that contain the bytes from `start` to `end` (inclusive) of the content in `segments`. */
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
