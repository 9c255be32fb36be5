import { z } from 'zod'
import { must } from '../values/must.ts'
import { quote } from '../values/message-text.ts'
import { MsgpackReader } from './msgpack-reader.ts'
import { invalidRecord, type RecordWhere, truncatedRecord } from './errors.ts'
import { type ByteSource, StreamWindow } from './stream-window.ts'

const MIB = 1024 * 1024

/** Records up to here are held whole. Only a blob may be larger: its bytes are read in pieces. */
export const MAX_HELD_RECORD = 32 * MIB
/** What may stand before and behind the bytes of a larger blob. */
const MAX_AROUND_BLOB = 64 * 1024
const LENGTH_BYTES = 4

/** Where a blob's bytes lie in the stream. */
export interface ContentPlace {
  readonly offset: number
  readonly length: number
}

/** The bytes of a blob with their place: in pieces, to be read to their end before the next record is asked for. */
export interface BlobContent extends ContentPlace {
  readonly pieces: AsyncIterable<Buffer>
}

const Name = z.string()
const count = z.bigint()
const Fields = z.discriminatedUnion('t', [
  z.object({ t: z.literal('HeaderRecord'), version: count.default(2n) }),
  z.object({ t: z.literal('ModelStartRecord'), model_name: Name }),
  z.object({ t: z.literal('MetaRecord'), data: z.instanceof(Buffer) }),
  z.object({ t: z.literal('RevisionRecord'), data: z.instanceof(Buffer) }),
  z.object({ t: z.literal('BlobRecord'), file_id: Name, size: count, content_type: z.string() }),
  z.object({ t: z.literal('ModelEndRecord'), model_name: Name }),
  z.object({ t: z.literal('EofRecord') }),
])
type Fields = z.output<typeof Fields>

interface Begun extends RecordWhere {
  /** Where the next record begins. */
  readonly end: number
}

interface Placed extends Begun {
  /** Its bytes behind the length; of a large blob's the first. */
  readonly frame: Buffer
}

/** Where a part of a record's bytes lies in the stream. `view`: what the record, or a decoder of it, gave. */
export const placeOfView = ({ offset, frame }: StreamRecord, view: Buffer): number =>
  offset + LENGTH_BYTES + (view.byteOffset - frame.byteOffset)

/** One record of a stream. */
export type StreamRecord = Placed &
  (
    | Exclude<Fields, { readonly t: 'BlobRecord' }>
    | (Extract<Fields, { readonly t: 'BlobRecord' }> & { readonly content: BlobContent })
  )

/**
 * Reads the records of SpecStar's stream: `[4 bytes big-endian length][msgpack map]`, one after the other, to the end of the
 * source. Checks the framing and each record's fields, not their order (`StreamOrder`). Throws `ArchiveTruncatedError` and
 * `ArchiveInvalidError`, which name the record and its byte.
 */
export class StreamReader {
  readonly #source: ByteSource
  readonly #window: StreamWindow
  #number: number
  /** What is left of a large blob's record behind its bytes, and has been read already. */
  #behind = 0

  /** `after`: the number of the record before, and `at` where the next one begins. */
  constructor(source: ByteSource, { at, after }: { readonly at: number; readonly after: number }) {
    this.#source = source
    this.#window = new StreamWindow(source, at)
    this.#number = after
  }

  /** Where the next record begins, and the number of the one before. */
  get position(): { readonly at: number; readonly after: number } {
    return { at: this.#window.at + this.#behind, after: this.#number }
  }

  /** Undefined at the end of the source. */
  async next(): Promise<StreamRecord | undefined> {
    const window = this.#window
    await window.take(this.#behind)
    this.#behind = 0
    if (window.left === 0) return undefined
    this.#number += 1
    const where = { number: this.#number, offset: window.at }
    if (window.left < LENGTH_BYTES) throw truncatedRecord(where, `${window.left} of the 4 bytes of its length`)
    const length = (await window.take(LENGTH_BYTES)).readUInt32BE(0)
    if (length > window.left) throw truncatedRecord(where, `${window.left} of its ${length} bytes`)
    try {
      const placed = { ...where, end: window.at + length }
      return length > MAX_HELD_RECORD ? await this.#largeBlob(placed, length) : await this.#held(placed, length)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw invalidRecord(where, error.message)
    }
  }

  async #held(where: Begun, length: number): Promise<StreamRecord> {
    const start = this.#window.at
    const bytes = await this.#window.take(length)
    const map = new RecordMap(bytes)
    while (map.left > 0) map.member()
    map.end()
    const { blob } = map
    if (blob === undefined) return recordOf({ ...where, frame: bytes }, map)
    const pieces = once(bytes.subarray(blob.at, blob.at + blob.length))
    return recordOf({ ...where, frame: bytes }, map, { offset: start + blob.at, length: blob.length, pieces })
  }

  /** What stands behind the blob's bytes is read before them, so that the record is known whole. */
  async #largeBlob(where: Begun, length: number): Promise<StreamRecord> {
    const start = this.#window.at
    const head = await this.#window.take(MAX_AROUND_BLOB)
    const map = new RecordMap(head, true)
    const blob = blobIn(map)
    if (blob === undefined) throw tooLong(length)
    const behind = length - blob.at - blob.length
    if (behind < 0 || behind > MAX_AROUND_BLOB) throw tooLong(length)
    map.resume(await this.#source.read(start + blob.at + blob.length, behind))
    while (map.left > 0) map.member()
    map.end()
    this.#behind = behind
    const pieces = this.#largeContent(head.subarray(blob.at), blob.length)
    return recordOf({ ...where, frame: head }, map, { offset: start + blob.at, length: blob.length, pieces })
  }

  async *#largeContent(first: Buffer, length: number): AsyncGenerator<Buffer> {
    yield first
    yield* this.#window.pieces(length - first.length)
  }
}

const tooLong = (length: number): RangeError =>
  new RangeError(`${length} bytes; without a blob's bytes a record takes ${MAX_HELD_RECORD} at most`)

const once = async function* (bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes)
}

/** Where a blob's bytes begin; undefined where what stands before them is too long, or no blob is there. */
const blobIn = (map: RecordMap): RecordMap['blob'] => {
  try {
    while (map.left > 0 && map.blob === undefined) map.member()
  } catch {
    // It is not known whether a blob follows what cannot be read.
  }
  return map.blob
}

/** The map of one record, member by member. A blob's bytes are passed over: only their place is kept. */
class RecordMap {
  readonly members = new Map<string, unknown>()
  /** A large blob goes on behind what is held here. */
  readonly #isLarge: boolean
  #reader: MsgpackReader
  left: number
  blob: { readonly at: number; readonly length: number } | undefined

  constructor(bytes: Buffer, isLarge = false) {
    this.#isLarge = isLarge
    this.#reader = new MsgpackReader(bytes)
    this.left = this.#reader.mapSize()
  }

  member(): void {
    this.left -= 1
    const key = this.#reader.value()
    if (key !== 'blob_data') {
      this.members.set(String(key), this.#reader.value())
      return
    }
    const length = this.#reader.binLength()
    if (length === undefined) throw new RangeError('blob_data: is not binary')
    if (this.blob !== undefined) throw new RangeError('blob_data: stands twice')
    this.blob = { at: this.#reader.at, length }
    if (!this.#isLarge) this.#reader.take(length)
  }

  /** Goes on behind a large blob's bytes. */
  resume(bytes: Buffer): void {
    this.#reader = new MsgpackReader(bytes)
  }

  end(): void {
    if (this.#reader.left > 0) throw new RangeError(`${this.#reader.left} bytes after its map`)
  }
}

const recordOf = (where: Placed, { members }: RecordMap, content?: BlobContent): StreamRecord => {
  const type = members.get('t')
  if (typeof type !== 'string') throw new RangeError('t: is not a text')
  // Makes own properties, also of `__proto__`.
  const { data, error } = Fields.safeParse(Object.fromEntries(members))
  if (error !== undefined) {
    const { code, path, message } = must(error.issues[0])
    const [field] = path
    throw new RangeError(
      code === 'invalid_union' ? `there is no record type ${quote(type)}` : `${String(field)}: ${message}`,
    )
  }
  if (data.t !== 'BlobRecord') return { ...where, ...data }
  if (content === undefined) throw new RangeError('blob_data: is missing')
  if (data.size !== BigInt(content.length))
    throw new RangeError(`size: says ${data.size}, blob_data has ${content.length} bytes`)
  return { ...where, ...data, content }
}
