import type { Item } from '../tables/item.ts'
import { MetadataView, RevisionView } from '../resources/views.ts'
import { quote } from '../values/message-text.ts'
import { compareBytes } from '../values/text-order.ts'
import { ArchiveInvalidError, RecordInvalidError } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import type { RecordKey } from './record-line.ts'
import { BLOCK, paddedSize } from './tar-header.ts'

interface OpenResource {
  readonly id: string
  readonly h: string
  /** The current revision, until it is read. Undefined too where it may have been passed over. */
  awaited: string | undefined
  /** The last line's `sk` among its revisions. */
  sk: string
}

/** The chunk that is being read. */
interface OpenChunk {
  readonly entry: IndexLine
  line: number
  resources: number
  revisions: number
  first: string | undefined
  last: string | undefined
}

/**
 * Checks the order of a segment's records, and each chunk against what its index line says: metadata, then its revisions by
 * `sk`, the current one among them; resources by (`h`, id), each once. `partial`: not every chunk is read, so that a chunk
 * may begin inside a resource, and a resource may go on in one that is passed over.
 */
export class RecordOrder {
  readonly #model: string | undefined
  readonly #partial: boolean
  #resource: OpenResource | undefined
  #chunk: OpenChunk | undefined
  /** Where the chunk before ends: the next one follows after one header, unless something was passed over. */
  #chunkEnd = 0
  /** All of the run. */
  resources = 0
  revisions = 0

  constructor(
    segment: { readonly model?: string | undefined },
    { partial = false }: { readonly partial?: boolean } = {},
  ) {
    this.#model = segment.model
    this.#partial = partial
  }

  beginChunk(entry: IndexLine): void {
    // What was passed over may have held the open resource's current revision.
    if (this.#resource !== undefined && this.#partial && entry.offset !== this.#chunkEnd + BLOCK)
      this.#resource.awaited = undefined
    this.#chunkEnd = entry.offset + paddedSize(entry.size)
    this.#chunk = { entry, line: 0, resources: 0, revisions: 0, first: undefined, last: undefined }
  }

  /** The next record. Throws `RecordInvalidError` naming chunk and line. */
  check(place: RecordKey, item: Item): void {
    const chunk = this.#openChunk()
    chunk.line += 1
    chunk.first ??= place.h
    chunk.last = place.h
    if (place.model !== this.#model) throw this.#wrong(`its model is ${place.model}, the segment's is ${this.#model}`)
    if (place.kind === 'metadata') {
      this.#metadata(place, item)
      chunk.resources += 1
    } else {
      this.#revision(place, item)
      chunk.revisions += 1
    }
  }

  /** Compares the chunk with its index line. */
  endChunk(): void {
    const { entry, resources, revisions, first, last } = this.#openChunk()
    if (
      entry.resources !== resources ||
      entry.revisions !== revisions ||
      entry.first_h !== first ||
      entry.last_h !== last
    )
      throw new ArchiveInvalidError(`entry ${entry.path} does not hold the records that the index says`)
    this.#chunk = undefined
  }

  /** The end of the segment (or of what is read of it). */
  end(): void {
    if (!this.#partial) this.#endResource()
  }

  #metadata({ h, id }: RecordKey, item: Item): void {
    const before = this.#resource
    this.#endResource()
    if (before !== undefined && (before.h > h || (before.h === h && compareBytes(before.id, id) >= 0)))
      throw this.#wrong(
        before.id === id ? `resource ${quote(id)} stands twice` : `resource ${quote(id)} stands out of order`,
      )
    const awaited = new MetadataView(item).currentRevisionId
    if (awaited === undefined) throw this.#wrong(`resource ${quote(id)} has no current_revision_id`)
    this.#resource = { id, h, awaited, sk: '' }
    this.resources += 1
  }

  #revision({ id, h, sk }: RecordKey, item: Item): void {
    let resource = this.#resource
    if (resource?.id !== id) {
      if (!this.#partial || this.#openChunk().line > 1)
        throw this.#wrong(`a revision of ${quote(id)} without its metadata`)
      if (resource !== undefined && resource.h > h) throw this.#wrong(`resource ${quote(id)} stands out of order`)
      resource = { id, h, awaited: undefined, sk: '' }
      this.#resource = resource
    }
    if (compareBytes(resource.sk, sk) >= 0) throw this.#wrong(`revision ${quote(sk)} stands out of order, or twice`)
    resource.sk = sk
    if (new RevisionView(item).revisionId === resource.awaited) resource.awaited = undefined
    this.revisions += 1
  }

  #endResource(): void {
    const resource = this.#resource
    if (resource?.awaited !== undefined)
      throw this.#wrong(`resource ${quote(resource.id)} lacks its current revision ${quote(resource.awaited)}`)
  }

  #openChunk(): OpenChunk {
    if (this.#chunk === undefined) throw new Error('no chunk has begun')
    return this.#chunk
  }

  #wrong(reason: string): RecordInvalidError {
    const chunk = this.#chunk
    return new RecordInvalidError(reason, chunk === undefined ? {} : { entry: chunk.entry.path, line: chunk.line })
  }
}
