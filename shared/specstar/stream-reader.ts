import { z } from 'zod'
import { invalidRecord, type StreamLocation, truncatedRecord } from './errors.ts'
import { type BlobRange, RecordMap } from './record-map.ts'
import { type BlobContent, LENGTH_BYTES, type StreamRecord, toStreamRecord } from './stream-record.ts'
import { type ByteSource, StreamWindow } from './stream-window.ts'

const MIB = 1024 * 1024

/** Records of at most this size are held in memory whole. In a larger one, the bytes of its blob are read in pieces. */
export const MAX_HELD_RECORD = 32 * MIB
/** Maximum number of bytes before a large blob in its record, and after it. */
const MAX_AROUND_BLOB = 64 * 1024

/** Where a reader continues: at the start, or after any record. */
export const ReaderPosition = z
  .object({
    /** The byte at which the next record starts. */
    offset: z.int(),
    /** The number of records before it. */
    records: z.int(),
  })
  .readonly()
export type ReaderPosition = z.output<typeof ReaderPosition>

/**
 * Reads the records of a stream one after the other. Checks the framing and the fields of each record, but not their
 * order: that is the task of `StreamOrder`. Throws `ArchiveTruncatedError` and `ArchiveInvalidError`.
 */
export class StreamReader {
  readonly #source: ByteSource
  readonly #window: StreamWindow
  #position: ReaderPosition

  constructor(source: ByteSource, position: ReaderPosition) {
    this.#source = source
    this.#window = new StreamWindow(source, position.offset)
    this.#position = position
  }

  get position(): ReaderPosition {
    return this.#position
  }

  /** The next record, or undefined at the end of the source. Skips what was not read of the previous record's blob. */
  async next(): Promise<StreamRecord | undefined> {
    const window = this.#window
    const { offset, records } = this.#position
    await window.skipTo(offset)
    if (window.remaining === 0) return undefined
    const location = { number: records + 1, offset }
    if (window.remaining < LENGTH_BYTES)
      throw truncatedRecord(location, `the stream ends after ${window.remaining} of the 4 bytes of its length`)
    const length = (await window.read(LENGTH_BYTES)).readUInt32BE(0)
    if (length > window.remaining)
      throw truncatedRecord(location, `the stream ends after ${window.remaining} of its ${length} bytes`)
    this.#position = { offset: window.offset + length, records: location.number }
    try {
      return length > MAX_HELD_RECORD
        ? await this.#readLarge(location, length)
        : await this.#readWhole(location, length)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw invalidRecord(location, error.message)
    }
  }

  async #readWhole(location: StreamLocation, length: number): Promise<StreamRecord> {
    const { offset: start } = this.#window
    const body = await this.#window.read(length)
    const map = new RecordMap(body)
    map.readToEnd()
    const { blob } = map
    const content =
      blob === undefined
        ? undefined
        : contentOf(start, blob, once(body.subarray(blob.offset, blob.offset + blob.length)))
    return toStreamRecord({ ...location, end: start + length, body }, map.members, content)
  }

  /** Reads the fields before and after the blob, so that the record is complete before the blob is read. */
  async #readLarge(location: StreamLocation, length: number): Promise<StreamRecord> {
    const { offset: start } = this.#window
    const body = await this.#window.read(MAX_AROUND_BLOB)
    const map = new RecordMap(body, { bytesEndInBlob: true })
    const blob = findBlob(map)
    if (blob === undefined) throw tooLong(length)
    const afterBlob = length - blob.offset - blob.length
    if (afterBlob < 0 || afterBlob > MAX_AROUND_BLOB) throw tooLong(length)
    map.continueAfterBlob(await this.#source.read(start + blob.offset + blob.length, afterBlob))
    map.readToEnd()
    const content = contentOf(start, blob, this.#readBlob(body.subarray(blob.offset), blob.length))
    return toStreamRecord({ ...location, end: start + length, body }, map.members, content)
  }

  async *#readBlob(first: Buffer, length: number): AsyncGenerator<Buffer> {
    yield first
    yield* this.#window.readPieces(length - first.length)
  }
}

const contentOf = (start: number, { offset, length }: BlobRange, pieces: AsyncIterable<Buffer>): BlobContent => ({
  offset: start + offset,
  length,
  pieces,
})

const once = async function* (bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes)
}

const tooLong = (length: number): RangeError =>
  new RangeError(
    `the record has ${length} bytes; at most ${MAX_HELD_RECORD} are allowed,` +
      ` or a blob with at most ${MAX_AROUND_BLOB} bytes before and after it`,
  )

/** Finds the blob in the first bytes of a large record. Returns undefined if they contain no blob or cannot be read. */
const findBlob = (map: RecordMap): BlobRange | undefined => {
  try {
    map.readToBlob()
  } catch {
    // The bytes end inside another member: a blob can only follow too far behind.
  }
  return map.blob
}
