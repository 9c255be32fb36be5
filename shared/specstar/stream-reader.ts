import * as z from 'zod'
import { invalidRecord, type StreamLocation, truncatedRecord } from './errors.ts'
import { type BlobRange, RecordMap } from './record-map.ts'
import { type StreamedBlob, LENGTH_BYTES, type StreamRecord, toStreamRecord } from './stream-record.ts'
import { type ByteSource, StreamWindow } from './stream-window.ts'

const MIB = 1024 * 1024

/**
 * The largest size of a record that is read into memory as a whole. A worker has enough memory for one record of this
 * size, its decoded form and the encoded result. A larger record must contain a blob.
 */
export const MAX_HELD_RECORD = 32 * MIB
/** The blob of a larger record is read in pieces. For a smaller blob, the request for the bytes after it costs more. */
const MAX_HELD_BLOB_RECORD = 4 * MIB
/**
 * The largest number of bytes before the blob and after the blob in a record whose blob is read in pieces. Real records
 * have a few hundred bytes there.
 */
const MAX_AROUND_BLOB = 64 * 1024

/** The position from which a reader continues. It is the start of the stream or the end of a record. */
export const ReaderPosition = z
  .object({
    /** The byte at which the next record starts. */
    offset: z.int(),
    /** The number of records before this byte. */
    records: z.int(),
  })
  .readonly()
export type ReaderPosition = z.output<typeof ReaderPosition>

/**
 * Reads the records of a stream one after the other. Checks the framing and the fields of each record. Does not check
 * the order of the records, because `StreamOrder` checks it. Throws `ArchiveTruncatedError` or `ArchiveInvalidError`.
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

  /**
   * Returns the next record, or undefined at the end of the source. Skips the unread bytes of the blob of the previous
   * record.
   */
  async next(): Promise<StreamRecord | undefined> {
    const window = this.#window
    const { offset, records } = this.#position
    await window.skipTo(offset)
    if (window.remaining === 0) return undefined
    const location = { number: records + 1, offset }
    if (window.remaining < LENGTH_BYTES)
      throw truncatedRecord(
        location,
        `the stream ends inside the length of the record, after ${window.remaining} of ${LENGTH_BYTES} bytes`,
      )
    const length = (await window.read(LENGTH_BYTES)).readUInt32BE(0)
    if (length > window.remaining)
      throw truncatedRecord(location, `the stream ends inside the record, after ${window.remaining} of ${length} bytes`)
    this.#position = { offset: window.offset + length, records: location.number }
    try {
      return length > MAX_HELD_BLOB_RECORD
        ? await this.#readLarge(location, length)
        : this.#wholeRecord(location, await this.#window.read(length))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw invalidRecord(location, error.message)
    }
  }

  /** Decodes a record whose bytes have just been read. */
  #wholeRecord(location: StreamLocation, body: Buffer): StreamRecord {
    const end = this.#window.offset
    const map = new RecordMap(body)
    map.readToEnd()
    const { blob } = map
    const content =
      blob === undefined
        ? undefined
        : contentOf(end - body.length, blob, once(body.subarray(blob.offset, blob.offset + blob.length)))
    return toStreamRecord({ ...location, end, body }, map.members, content)
  }

  /**
   * Reads the fields before and after the blob, but not the blob itself. The caller then reads the blob in pieces. A
   * record without a blob is read as a whole, unless it is too long.
   */
  async #readLarge(location: StreamLocation, length: number): Promise<StreamRecord> {
    const { offset: start } = this.#window
    const body = await this.#window.read(MAX_AROUND_BLOB)
    const map = new RecordMap(body, { bytesEndInBlob: true })
    const blob = findBlob(map)
    const afterBlob = blob === undefined ? -1 : length - blob.offset - blob.length
    if (blob === undefined || afterBlob < 0 || afterBlob > MAX_AROUND_BLOB) {
      if (length > MAX_HELD_RECORD) throw tooLong(length)
      return this.#wholeRecord(location, Buffer.concat([body, await this.#window.read(length - body.length)]))
    }
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

const contentOf = (start: number, { offset, length }: BlobRange, pieces: AsyncIterable<Buffer>): StreamedBlob => ({
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

/**
 * Returns the position of the blob in the first bytes of a large record. Returns undefined if no blob begins in these
 * bytes.
 */
const findBlob = (map: RecordMap): BlobRange | undefined => {
  try {
    map.readToBlob()
  } catch {
    // The bytes are malformed, or end inside a member of the map before the blob. In both cases, no blob was found.
  }
  return map.blob
}
