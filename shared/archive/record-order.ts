import { quote } from '../values/message-text.ts'
import { compareBytes } from '../values/text-order.ts'
import { ArchiveInvalidError, RecordInvalidError } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import type { FaultyRecord, RecordKey } from './record-line.ts'

/** The chunk that is being read. */
interface OpenChunk {
  readonly entry: IndexLine
  line: number
  resources: number
  revisions: number
  /** The id hashes of the first and the last record. An id hash is undefined if its record is faulty. */
  firstH: string | undefined
  lastH: string | undefined
}

/**
 * Checks the order of the records of a segment, and compares every chunk with its index line. Records must be sorted by
 * id hash, resource id and `sk`, and no record may occur twice. The metadata of a resource therefore precedes its
 * revisions. The caller may skip chunks. The caller must check that resources are complete.
 *
 * The caller may continue after an error. If the record belongs to another resource than the record before it, the next
 * record is compared with it, so a resource that is out of order causes one error. Otherwise, the record is skipped.
 */
export class RecordOrder {
  readonly #model: string | undefined
  #previous: RecordKey | undefined
  #chunk: OpenChunk | undefined
  /** Number of metadata lines so far. */
  resources = 0
  /** Number of revision lines so far. */
  revisions = 0

  constructor(segment: { readonly model?: string | undefined }) {
    this.#model = segment.model
  }

  /** The record with which the next record is compared. */
  get previous(): RecordKey | undefined {
    return this.#previous
  }

  beginChunk(entry: IndexLine): void {
    this.#chunk = { entry, line: 0, resources: 0, revisions: 0, firstH: undefined, lastH: undefined }
  }

  /** Checks the next record. Throws `RecordInvalidError` with the chunk and the line. */
  check(record: RecordKey): void {
    const chunk = this.#count(record.kind)
    chunk.lastH = record.h
    if (chunk.line === 1) chunk.firstH = record.h
    if (record.model !== this.#model)
      throw this.#error(`the record belongs to model ${record.model}, but the segment belongs to model ${this.#model}`)
    const previous = this.#previous
    if (previous === undefined || compareRecords(previous, record) < 0) {
      this.#previous = record
      return
    }
    if (previous.id !== record.id) this.#previous = record
    throw this.#error(`${describe(record)} ${isRepeated(previous, record) ? 'occurs twice' : 'is out of order'}`)
  }

  /** Counts a faulty record. Does not check its position, because its key is not reliable. */
  countFaulty({ kind }: FaultyRecord): void {
    this.#count(kind).lastH = undefined
  }

  /**
   * Compares the counts and id hashes of the chunk with its index line. Throws `ArchiveInvalidError` if they differ.
   */
  endChunk(): void {
    const { entry, resources, revisions, firstH = entry.first_h, lastH = entry.last_h } = this.#openChunk()
    if (
      entry.resources !== resources ||
      entry.revisions !== revisions ||
      entry.first_h !== firstH ||
      entry.last_h !== lastH
    )
      throw new ArchiveInvalidError(
        `entry ${entry.path} has ${resources} metadata lines and ${revisions} revision lines with id hashes from ${firstH} to ${lastH}, ` +
          'which does not match its index line',
      )
    this.#chunk = undefined
  }

  #count(kind: RecordKey['kind']): OpenChunk {
    const chunk = this.#openChunk()
    chunk.line += 1
    if (kind === 'metadata') {
      chunk.resources += 1
      this.resources += 1
    } else {
      chunk.revisions += 1
      this.revisions += 1
    }
    return chunk
  }

  #openChunk(): OpenChunk {
    if (this.#chunk === undefined) throw new Error('beginChunk must be called first')
    return this.#chunk
  }

  #error(reason: string): RecordInvalidError {
    const chunk = this.#openChunk()
    return new RecordInvalidError(reason, { entry: chunk.entry.path, line: chunk.line })
  }
}

const compareRecords = (a: RecordKey, b: RecordKey): number =>
  compareBytes(a.h, b.h) || compareBytes(a.id, b.id) || compareBytes(a.sk, b.sk)

/**
 * Returns true if a record has the same key as the previous record, or if metadata follows a revision of the same
 * resource.
 */
const isRepeated = (previous: RecordKey, { kind, id, sk }: RecordKey): boolean =>
  sk === previous.sk || (kind === 'metadata' && id === previous.id)

const describe = ({ kind, id, sk }: RecordKey): string =>
  kind === 'metadata' ? `resource ${quote(id)}` : `revision ${quote(sk)} of resource ${quote(id)}`
