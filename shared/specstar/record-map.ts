import { MsgpackReader } from './msgpack-reader.ts'

/** The position of a blob's bytes in the bytes of its record. */
export interface BlobRange {
  readonly offset: number
  readonly length: number
}

/**
 * Reads the map of one record, member by member. For the member `blob_data`, keeps only the position of its value, not
 * the value itself.
 */
export class RecordMap {
  readonly members = new Map<string, unknown>()
  readonly #bytesEndInBlob: boolean
  #reader: MsgpackReader
  #membersLeft: number
  #blob: BlobRange | undefined

  /**
   * If `bytesEndInBlob` is true, the bytes may end inside `blob_data`. The caller must then call `continueAfterBlob`
   * with the bytes of the record that follow the blob.
   */
  constructor(bytes: Buffer, { bytesEndInBlob = false } = {}) {
    this.#bytesEndInBlob = bytesEndInBlob
    this.#reader = new MsgpackReader(bytes)
    this.#membersLeft = this.#reader.readMapHeader()
  }

  /** The position of the blob. Undefined if no member `blob_data` has been read. */
  get blob(): BlobRange | undefined {
    return this.#blob
  }

  /** Reads the members up to and including the header of `blob_data`. Reads all members if there is no `blob_data`. */
  readToBlob(): void {
    while (this.#membersLeft > 0 && this.#blob === undefined) this.#readMember()
  }

  /** Reads the remaining members. Throws `RangeError` if other bytes follow them. */
  readToEnd(): void {
    while (this.#membersLeft > 0) this.#readMember()
    if (this.#reader.remaining > 0)
      throw new RangeError(`${this.#reader.remaining} unexpected bytes follow the map of the record`)
  }

  /** Continues with the bytes that follow the blob. */
  continueAfterBlob(bytes: Buffer): void {
    this.#reader = new MsgpackReader(bytes)
  }

  #readMember(): void {
    this.#membersLeft -= 1
    const key = this.#reader.readValue()
    if (key !== 'blob_data') {
      this.members.set(String(key), this.#reader.readValue())
      return
    }
    const length = this.#reader.readBinaryHeader()
    if (length === undefined) {
      this.members.set(key, this.#reader.readValue())
      return
    }
    if (this.#blob !== undefined) throw new RangeError('blob_data: occurs twice')
    this.#blob = { offset: this.#reader.offset, length }
    if (!this.#bytesEndInBlob) this.#reader.readBytes(length)
  }
}
