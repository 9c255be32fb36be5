import { MetadataView, RevisionView } from '../resources/views.ts'
import type { Item } from '../tables/item.ts'
import { quote } from '../values/message-text.ts'
import { compareBytes } from '../values/text-order.ts'
import { ArchiveInvalidError, RecordInvalidError } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import type { RecordKey } from './record-line.ts'
import { BLOCK, paddedSize } from './tar-header.ts'

/** The resource whose lines are being read. */
interface OpenResource {
  readonly id: string
  readonly h: string
  /**
   * The id of the current revision. Undefined after this revision was read, or if a skipped chunk may contain it.
   */
  missingRevision: string | undefined
  /** The `sk` of the last revision that was read. Empty before the first revision. */
  lastSk: string
}

/** The chunk that is being read. */
interface OpenChunk {
  readonly entry: IndexLine
  line: number
  resources: number
  revisions: number
  firstH: string | undefined
  lastH: string | undefined
}

/**
 * Checks the order of the records of a segment, and compares every chunk with its index line. Resources must be sorted
 * by hash key and id, and no resource may occur twice. The revisions of a resource must follow its metadata, must be
 * sorted by `sk`, and must include the current revision.
 *
 * With `partial`, the caller may skip chunks. A chunk may then begin inside a resource, and a resource may continue in
 * a skipped chunk.
 */
export class RecordOrder {
  readonly #model: string | undefined
  readonly #partial: boolean
  #resource: OpenResource | undefined
  #chunk: OpenChunk | undefined
  /**
   * Offset at which the last chunk ends. If no chunk is skipped, the header of the next chunk begins at this offset.
   */
  #chunkEnd = 0
  /** Number of metadata lines so far. */
  resources = 0
  /** Number of revision lines so far. */
  revisions = 0

  constructor(
    segment: { readonly model?: string | undefined },
    { partial = false }: { readonly partial?: boolean } = {},
  ) {
    this.#model = segment.model
    this.#partial = partial
  }

  beginChunk(entry: IndexLine): void {
    const isSkipping = this.#partial && entry.offset !== this.#chunkEnd + BLOCK
    if (this.#resource !== undefined && isSkipping) this.#resource.missingRevision = undefined
    this.#chunkEnd = entry.offset + paddedSize(entry.size)
    this.#chunk = { entry, line: 0, resources: 0, revisions: 0, firstH: undefined, lastH: undefined }
  }

  /** Checks the next record. Throws `RecordInvalidError` with the chunk and the line. */
  check(key: RecordKey, item: Item): void {
    const chunk = this.#openChunk()
    chunk.line += 1
    chunk.firstH ??= key.h
    chunk.lastH = key.h
    if (key.model !== this.#model)
      throw this.#error(`the record belongs to model ${key.model}, the segment to model ${this.#model}`)
    if (key.kind === 'metadata') {
      this.#metadata(key, item)
      chunk.resources += 1
    } else {
      this.#revision(key, item)
      chunk.revisions += 1
    }
  }

  /** Compares the counts and hash keys of the chunk with its index line. Throws `ArchiveInvalidError`. */
  endChunk(): void {
    const { entry, resources, revisions, firstH, lastH } = this.#openChunk()
    if (
      entry.resources !== resources ||
      entry.revisions !== revisions ||
      entry.first_h !== firstH ||
      entry.last_h !== lastH
    )
      throw new ArchiveInvalidError(
        `entry ${entry.path} has ${resources} metadata and ${revisions} revision lines with hash keys ${firstH} to ${lastH}, ` +
          'which does not match its index line',
      )
    this.#chunk = undefined
  }

  /**
   * Checks that the last resource has its current revision. With `partial`, a skipped chunk may contain this revision.
   */
  end(): void {
    if (!this.#partial) this.#endResource()
  }

  #metadata({ h, id }: RecordKey, item: Item): void {
    const previous = this.#resource
    this.#endResource()
    if (previous !== undefined && (previous.h > h || (previous.h === h && compareBytes(previous.id, id) >= 0)))
      throw this.#error(
        previous.id === id ? `resource ${quote(id)} occurs twice` : `resource ${quote(id)} is out of order`,
      )
    const missingRevision = new MetadataView(item).currentRevisionId
    if (missingRevision === undefined) throw this.#error(`resource ${quote(id)} has no current_revision_id`)
    this.#resource = { id, h, missingRevision, lastSk: '' }
    this.resources += 1
  }

  #revision({ id, h, sk }: RecordKey, item: Item): void {
    let resource = this.#resource
    if (resource?.id !== id) {
      if (!this.#partial || this.#openChunk().line > 1)
        throw this.#error(`a revision of resource ${quote(id)} does not follow its metadata`)
      if (resource !== undefined && resource.h > h) throw this.#error(`resource ${quote(id)} is out of order`)
      resource = { id, h, missingRevision: undefined, lastSk: '' }
      this.#resource = resource
    }
    if (compareBytes(resource.lastSk, sk) >= 0)
      throw this.#error(`revision ${quote(sk)} is out of order or occurs twice`)
    resource.lastSk = sk
    if (new RevisionView(item).revisionId === resource.missingRevision) resource.missingRevision = undefined
    this.revisions += 1
  }

  #endResource(): void {
    const resource = this.#resource
    if (resource?.missingRevision !== undefined)
      throw this.#error(
        `the current revision ${quote(resource.missingRevision)} of resource ${quote(resource.id)} is missing`,
      )
  }

  #openChunk(): OpenChunk {
    if (this.#chunk === undefined) throw new Error('beginChunk must be called first')
    return this.#chunk
  }

  #error(reason: string): RecordInvalidError {
    const chunk = this.#chunk
    return new RecordInvalidError(reason, chunk === undefined ? {} : { entry: chunk.entry.path, line: chunk.line })
  }
}
