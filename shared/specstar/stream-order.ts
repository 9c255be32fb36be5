import * as z from 'zod'
import { modelName } from '../archive/index-line.ts'
import { quote } from '../values/message-text.ts'
import { invalidRecord, type StreamLocation } from './errors.ts'
import { type StreamRecord, typeOf } from './stream-record.ts'

/**
 * The state of a `StreamOrder` between two records. A pass saves it in its cursor, so that a later pass can continue.
 */
export const OrderState = z
  .object({
    has_header: z.boolean(),
    has_ended: z.boolean(),
    /** The model of the open section. */
    section: z.exactOptional(z.string()),
    /** True if the blobs of the open section have begun. No metadata and no revision may follow them. */
    in_blobs: z.boolean(),
  })
  .readonly()
export type OrderState = z.output<typeof OrderState>

/** The state before the first record. */
export const ORDER_START: OrderState = { has_header: false, has_ended: false, in_blobs: false }

/**
 * Checks the order of the records of a stream. The header comes first, then one section per model, and then the
 * EofRecord. A section contains metadata and revisions in any order, and then its blobs. SpecStar itself accepts most
 * other orders. If the order is wrong, its methods throw `ArchiveInvalidError`. This class does not check that each
 * resource is complete, because the records of a resource need not be adjacent.
 */
export class StreamOrder {
  #hasHeader: boolean
  #hasEnded: boolean
  #section: string | undefined
  #inBlobs: boolean

  constructor(state: OrderState = ORDER_START) {
    this.#hasHeader = state.has_header
    this.#hasEnded = state.has_ended
    this.#section = state.section
    this.#inBlobs = state.in_blobs
  }

  get state(): OrderState {
    return {
      has_header: this.#hasHeader,
      has_ended: this.#hasEnded,
      in_blobs: this.#inBlobs,
      ...(this.#section === undefined ? {} : { section: this.#section }),
    }
  }

  /** True if the EofRecord was read. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Returns the model of the section that contains a record. Throws if the record is outside of a section. */
  modelOf(record: StreamRecord): string {
    if (this.#section === undefined)
      throw invalidRecord(record, `a ${typeOf(record)} must be inside the section of a model`)
    return this.#section
  }

  /** Checks that a record of this type is allowed next. */
  check(record: StreamRecord): void {
    const isHeader = record.t === 'HeaderRecord'
    if (this.#hasHeader && isHeader) throw invalidRecord(record, 'only the first record may be a HeaderRecord')
    if (!this.#hasHeader && !isHeader)
      throw invalidRecord(record, `the first record must be a HeaderRecord, not ${typeOf(record)}`)
    this.#hasHeader = true
    switch (record.t) {
      case 'HeaderRecord':
        return
      case 'ModelStartRecord':
        this.#beginSection(record, record.model_name)
        return
      case 'ModelEndRecord':
        this.#endSection(record, record.model_name)
        return
      case 'EofRecord':
        this.#requireNoSection(record)
        this.#hasEnded = true
        return
      case 'BlobRecord':
      case 'MetaRecord':
      case 'RevisionRecord':
      case 'BrokenRecord':
        this.#checkContent(record)
    }
  }

  #checkContent(record: StreamRecord): void {
    const type = typeOf(record)
    const model = this.modelOf(record)
    if (type === 'BlobRecord') this.#inBlobs = true
    else if (this.#inBlobs) throw invalidRecord(record, `a ${type} must precede the blobs of model ${model}`)
  }

  #beginSection(location: StreamLocation, name: string): void {
    this.#requireNoSection(location)
    if (!modelName.safeParse(name).success)
      throw invalidRecord(
        location,
        `${quote(name)} is not a valid name of a model, which is a letter followed by at most 62 of A-Z a-z 0-9 _ -`,
      )
    this.#section = name
    this.#inBlobs = false
  }

  #endSection(location: StreamLocation, name: string): void {
    if (this.#section !== name)
      throw invalidRecord(
        location,
        `a ModelEndRecord of model ${name} needs an open section of that model; ` +
          (this.#section === undefined ? 'no section is open' : `the open section is that of model ${this.#section}`),
      )
    this.#section = undefined
  }

  #requireNoSection(location: StreamLocation): void {
    if (this.#section !== undefined)
      throw invalidRecord(location, `the section of model ${this.#section} has no ModelEndRecord`)
  }
}
