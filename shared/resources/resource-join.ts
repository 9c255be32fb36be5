import { type Item, sortKeyOf } from '../tables/item.ts'
import { PageReader } from './page-reader.ts'
import { hashKeyOfSortKey } from './stored-resource.ts'
import { RevisionView } from './views.ts'

/** A resource as two streams give it; `revisions` is absent where they must be read by themselves. */
export interface JoinedResource {
  readonly metadata: Item
  readonly revisions?: readonly Item[]
}

/** A resource with more revisions than this (their payloads, in bytes) is not held. */
const HELD_BYTES = 4 * 1024 * 1024
/** What a revision takes beside its payload, about. */
const INFO_BYTES = 1024
/** Resources handed on at once, and the bytes of their revisions. */
const BATCH = 256
const BATCH_BYTES = 4 * 1024 * 1024

/**
 * Joins a stream of metadata with the stream of revisions of the same run, both in the order of their sort keys. Two ids with
 * one place (an id and a longer one that begins with it) stand in different order in the two streams: their revisions are
 * left to be read by themselves. So are those that would be too large to hold.
 */
export async function* joinPages(
  metadataPages: AsyncIterable<readonly Item[]>,
  revisionPages: AsyncIterable<readonly Item[]>,
): AsyncGenerator<readonly JoinedResource[]> {
  const metadata = new PageReader(metadataPages)
  const revisions = new PageReader(revisionPages)
  let batch: JoinedResource[] = []
  let bytes = 0
  try {
    await Promise.all([metadata.fill(), revisions.fill()])
    for (;;) {
      const own = metadata.peek()
      if (own === undefined) {
        // The loop below has waited for a next page: there is none.
        if (batch.length > 0) yield batch
        return
      }
      metadata.skip()
      const place = hashKeyOfSortKey(sortKeyOf(own))
      let group: Item[] | undefined
      for (;;) {
        // Promises are made only where a page has ended: a hundred thousand items a second pass here.
        const next = metadata.peek() ?? ((await metadata.fill()) ? metadata.peek() : undefined)
        if (next === undefined || hashKeyOfSortKey(sortKeyOf(next)) !== place) break
        group ??= [own]
        group.push(next)
        metadata.skip()
      }
      const taking = new Taking(own, group !== undefined)
      while (!taking.takeFrom(revisions)) if (!(await revisions.fill())) break
      if (group !== undefined) batch.push(...group.map((each) => ({ metadata: each })))
      else batch.push(taking.held === undefined ? { metadata: own } : { metadata: own, revisions: taking.held })
      bytes += taking.bytes
      if (batch.length < BATCH && bytes < BATCH_BYTES) continue
      yield batch
      batch = []
      bytes = 0
    }
  } finally {
    await Promise.all([metadata.close(), revisions.close()])
  }
}

/** ResourceFilter one resource's revisions off the stream, and passes over what no metadata of the run claims. */
class Taking {
  readonly #place: string
  readonly #prefix: string
  #items: Item[] | undefined
  /** Of the revisions that were taken, about. */
  bytes = 0

  constructor(metadata: Item, passAll: boolean) {
    const sk = sortKeyOf(metadata)
    this.#place = hashKeyOfSortKey(sk)
    this.#prefix = `${sk}/`
    this.#items = passAll ? undefined : []
  }

  /** Undefined: too large to hold, or not to be held. */
  get held(): readonly Item[] | undefined {
    return this.#items
  }

  /** True when the stream stands behind this place; false when its page has ended. */
  takeFrom(revisions: PageReader): boolean {
    for (;;) {
      const next = revisions.peek()
      if (next === undefined) return false
      const sk = sortKeyOf(next)
      // Hex digits: the same in UTF-16 and in UTF-8.
      if (hashKeyOfSortKey(sk) > this.#place) return true
      revisions.skip()
      if (this.#items === undefined || !sk.startsWith(this.#prefix)) continue
      this.#items.push(next)
      this.bytes += INFO_BYTES + new RevisionView(next).inlineSize
      if (this.bytes > HELD_BYTES) this.#items = undefined
    }
  }
}
