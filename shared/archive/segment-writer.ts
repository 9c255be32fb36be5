import { createHash, hash } from 'node:crypto'
import type { ObjectRange } from '../objects/object.ts'
import type { NewEntry } from './index-line.ts'
import { MAX_INDEX_BYTES } from './limits.ts'
import type { PieceSink } from './piece.ts'
import { encodeHeader, paddingOf } from './tar-header.ts'
import { packZstd } from './zstd.ts'

/** Where a segment's index lies, from the start of the segment. */
export interface IndexPlace {
  readonly offset: number
  readonly size: number
  readonly sha256: string
  readonly unpacked_size: number
}

/** What the manifest says of a segment, but for where the segment begins: see `placeSegment`. */
export interface SegmentSummary {
  readonly size: number
  readonly model?: string
  readonly first_h?: string
  readonly last_h?: string
  readonly frame_sha256: string
  readonly unpacked_size: number
  /** Its `offset` counts from the start of the segment; in a manifest from the start of the archive. */
  readonly index: IndexPlace
}

const NAME = /^[a-z0-9-]{1,40}$/

/** Writes one segment: entries one after the other, and the index of them as the last. */
export class SegmentWriter {
  readonly name: string
  readonly #sink: PieceSink
  readonly #model: string | undefined
  readonly #maxIndexBytes: number
  readonly #frame = createHash('sha256')
  readonly #lines: Buffer[] = []
  #indexBytes = 0
  #size = 0
  #unpacked = 0
  #first: string | undefined
  #last: string | undefined

  /** `name` is that of the segment, once in an archive. `model` for records; without it payloads and blobs. */
  constructor(name: string, sink: PieceSink, model?: string, maxIndexBytes = MAX_INDEX_BYTES) {
    if (!NAME.test(name)) throw new RangeError(`${name} is not a name of a segment`)
    this.name = name
    this.#sink = sink
    this.#model = model
    this.#maxIndexBytes = maxIndexBytes
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size
  }

  /** An entry from memory. `entry` says its size and SHA-256. */
  async entry(entry: NewEntry, content: Uint8Array): Promise<void> {
    if (content.length !== entry.size)
      throw new RangeError(`${entry.path}: ${content.length} bytes instead of ${entry.size}`)
    await this.#header(entry.path, entry.size)
    this.#note(entry)
    await this.#content(content)
  }

  /** An entry whose content the storage lays in itself. */
  async object(entry: NewEntry, range: ObjectRange): Promise<void> {
    if (range.length !== entry.size)
      throw new RangeError(`${entry.path}: ${range.length} bytes instead of ${entry.size}`)
    await this.#header(entry.path, entry.size)
    this.#note(entry)
    await this.#sink.object(range)
    this.#size += range.length
    await this.#padding(range.length)
  }

  /** Writes the index. The segment has at least one entry. */
  async finish(): Promise<SegmentSummary> {
    if (this.#lines.length === 0) throw new RangeError(`segment ${this.name} has no entry`)
    const unpacked = Buffer.concat(this.#lines)
    const packed = await packZstd(unpacked)
    await this.#header(`index/${this.name}.jsonl.zst`, packed.length)
    const index = {
      offset: this.#size,
      size: packed.length,
      sha256: hash('sha256', packed),
      unpacked_size: unpacked.length,
    }
    await this.#content(packed)
    return {
      size: this.#size,
      ...(this.#model === undefined ? {} : { model: this.#model }),
      ...(this.#first === undefined ? {} : { first_h: this.#first }),
      ...(this.#last === undefined ? {} : { last_h: this.#last }),
      frame_sha256: this.#frame.digest('hex'),
      unpacked_size: this.#unpacked,
      index,
    }
  }

  #note(entry: NewEntry): void {
    const model = entry.kind === 'records' ? entry.model : undefined
    if (model !== this.#model) throw new RangeError(`${entry.path} does not belong in this segment`)
    if (entry.kind === 'records') {
      this.#unpacked += entry.unpacked_size
      this.#first ??= entry.first_h
      this.#last = entry.last_h
    }
    const { path, size, sha256, kind, ...rest } = entry
    const line = { path, offset: this.#size, size, sha256, kind, ...rest }
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    this.#indexBytes += bytes.length
    if (this.#indexBytes > this.#maxIndexBytes) throw new RangeError(`the index of segment ${this.name} is too large`)
    this.#lines.push(bytes)
  }

  async #header(path: string, size: number): Promise<void> {
    await this.#frameBytes(await encodeHeader(path, size))
  }

  async #content(content: Uint8Array): Promise<void> {
    if (content.length > 0) await this.#sink.bytes(content)
    this.#size += content.length
    await this.#padding(content.length)
  }

  async #padding(size: number): Promise<void> {
    const padding = paddingOf(size)
    if (padding > 0) await this.#frameBytes(Buffer.alloc(padding))
  }

  /** Bytes that are no entry's content have a checksum of their own, over all of them. */
  async #frameBytes(bytes: Buffer): Promise<void> {
    this.#frame.update(bytes)
    this.#size += bytes.length
    await this.#sink.bytes(bytes)
  }
}
