import { createHash, hash } from 'node:crypto'
import type { ObjectRange } from '../objects/object.ts'
import { compressZstd } from './compression.ts'
import type { NewEntry } from './index-line.ts'
import { MAX_INDEX_BYTES } from './limits.ts'
import { encodeTarHeader, paddingOf } from './tar-header.ts'

/** Receives the bytes of a segment in order. */
export interface SegmentSink {
  /**
   * Appends bytes, which the caller must not change afterwards. Resolves when the sink accepts more bytes
   * (backpressure).
   */
  bytes(bytes: Uint8Array): Promise<void>
  /** Appends a range of a stored object. S3 may copy the range, so that its bytes do not pass through this process. */
  object(range: ObjectRange): Promise<void>
}

/** The location of the stored index of a segment. `offset` is in bytes from the start of the segment. */
interface IndexLocation {
  readonly offset: number
  readonly size: number
  readonly sha256: string
  readonly unpacked_size: number
}

/** Describes a written segment as the manifest does, but without its offset. `toManifestSegment` adds the offset. */
export interface SegmentSummary {
  readonly size: number
  readonly model?: string
  readonly first_h?: string
  readonly last_h?: string
  readonly frame_sha256: string
  readonly unpacked_size: number
  readonly index: IndexLocation
}

const NAME = /^[a-z0-9-]{1,40}$/

/** Writes one segment. The caller adds the entries, and `finish` writes the index as the last entry. */
export class SegmentWriter {
  readonly name: string
  readonly #sink: SegmentSink
  readonly #model: string | undefined
  readonly #maxIndexBytes: number
  #frame = createHash('sha256')
  readonly #lines: Buffer[] = []
  #indexBytes = 0
  #size = 0
  #unpackedSize = 0
  #firstH: string | undefined
  #lastH: string | undefined

  /**
   * `name` must be unique in the archive. If `model` is given, the segment contains records of this model. Otherwise,
   * it contains payloads and blobs.
   */
  constructor(name: string, sink: SegmentSink, model?: string, maxIndexBytes = MAX_INDEX_BYTES) {
    if (!NAME.test(name))
      throw new RangeError(`the name of a segment must match ${NAME}, but is ${JSON.stringify(name)}`)
    this.name = name
    this.#sink = sink
    this.#model = model
    this.#maxIndexBytes = maxIndexBytes
  }

  /** Size of the index so far, in uncompressed bytes. */
  get indexBytes(): number {
    return this.#indexBytes
  }

  /** Number of bytes written so far. */
  get size(): number {
    return this.#size
  }

  /** Writes an entry whose content is in memory. */
  async entry(entry: NewEntry, content: Uint8Array): Promise<void> {
    checkSize(entry, content.length)
    await this.#header(entry.path, entry.size)
    this.#addLine(entry)
    await this.#content(content)
  }

  /** Writes an entry whose content is a range of a stored object. */
  async object(entry: NewEntry, range: ObjectRange): Promise<void> {
    checkSize(entry, range.length)
    await this.#header(entry.path, entry.size)
    this.#addLine(entry)
    await this.#sink.object(range)
    this.#size += range.length
    await this.#padding(range.length)
  }

  /**
   * Returns a function that removes the entries that were added after this call. The caller must remove their bytes
   * from the sink.
   */
  mark(): () => void {
    const frame = this.#frame.copy()
    const lines = this.#lines.length
    const [indexBytes, size, unpackedSize] = [this.#indexBytes, this.#size, this.#unpackedSize]
    const [firstH, lastH] = [this.#firstH, this.#lastH]
    return () => {
      this.#frame = frame
      this.#lines.length = lines
      this.#indexBytes = indexBytes
      this.#size = size
      this.#unpackedSize = unpackedSize
      this.#firstH = firstH
      this.#lastH = lastH
    }
  }

  /** Writes the index. Throws `RangeError` if the segment has no entry. */
  async finish(): Promise<SegmentSummary> {
    if (this.#lines.length === 0) throw new RangeError(`segment ${this.name} must have at least one entry`)
    const bytes = Buffer.concat(this.#lines)
    const compressed = await compressZstd(bytes)
    await this.#header(`index/${this.name}.jsonl.zst`, compressed.length)
    const index = {
      offset: this.#size,
      size: compressed.length,
      sha256: hash('sha256', compressed),
      unpacked_size: bytes.length,
    }
    await this.#content(compressed)
    return {
      size: this.#size,
      ...(this.#model === undefined ? {} : { model: this.#model }),
      ...(this.#firstH === undefined ? {} : { first_h: this.#firstH }),
      ...(this.#lastH === undefined ? {} : { last_h: this.#lastH }),
      frame_sha256: this.#frame.digest('hex'),
      unpacked_size: this.#unpackedSize,
      index,
    }
  }

  /** Adds the line of an entry to the index. The content of the entry begins at the current end of the segment. */
  #addLine(entry: NewEntry): void {
    const model = entry.kind === 'records' ? entry.model : undefined
    if (model !== this.#model)
      throw new RangeError(
        `entry ${entry.path} does not belong to segment ${this.name}, whose model is ${this.#model ?? 'not defined'}`,
      )
    if (entry.kind === 'records') {
      this.#unpackedSize += entry.unpacked_size
      this.#firstH ??= entry.first_h
      this.#lastH = entry.last_h
    }
    const { path, size, sha256, kind, ...rest } = entry
    const line = { path, offset: this.#size, size, sha256, kind, ...rest }
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    this.#indexBytes += bytes.length
    if (this.#indexBytes > this.#maxIndexBytes)
      throw new RangeError(`the index of segment ${this.name} has more than ${this.#maxIndexBytes} bytes`)
    this.#lines.push(bytes)
  }

  async #header(path: string, size: number): Promise<void> {
    await this.#frameBytes(await encodeTarHeader(path, size))
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

  /** Writes a tar header or padding. `frame_sha256` is the checksum of all these bytes of the segment. */
  async #frameBytes(bytes: Buffer): Promise<void> {
    this.#frame.update(bytes)
    this.#size += bytes.length
    await this.#sink.bytes(bytes)
  }
}

const checkSize = ({ path, size }: NewEntry, length: number): void => {
  if (length !== size) throw new RangeError(`the content of entry ${path} has ${length} bytes instead of ${size}`)
}
