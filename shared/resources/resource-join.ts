import { type Item, sortKeyOf } from '../tables/item.ts'
import { hashKeyIn } from './keys.ts'
import { PageReader } from './page-reader.ts'
import { RevisionView } from './views.ts'

/** The metadata of a resource with its revisions. Without `revisions`, the caller must read them separately. */
export interface JoinedResource {
  readonly metadata: Item
  readonly revisions?: readonly Item[]
}

/** Memory limit for the revisions of one resource. */
export const MAX_BUFFERED_BYTES = 4 * 1024 * 1024
/** About the size of a revision's item without its payload. */
const REVISION_BYTES = 1024
/** A batch is returned when it has this many resources or bytes of revisions. */
const BATCH = 256
const BATCH_BYTES = 4 * 1024 * 1024

/** About the memory that a revision's item takes. */
export const bufferedBytes = (revision: Item): number => REVISION_BYTES + new RevisionView(revision).inlineSize

/**
 * Joins the metadata of a range with its revisions, both in the order of their sort keys, into batches of resources in
 * the same order. Revisions without metadata are skipped.
 *
 * `revisions` is absent in two cases: if they exceed 4 MiB, and if several resources have the same hash key. Two such
 * ids, of which one begins with the other, can be in different order in the two streams (`a` and `a!`, because `/`
 * follows an id in the sort keys of revisions).
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
      const first = metadata.peek()
      if (first === undefined) {
        // The inner loop has called `fill`, so this is the end of the stream.
        if (batch.length > 0) yield batch
        return
      }
      metadata.advance()
      const hashKey = hashKeyIn(sortKeyOf(first))
      let sameHashKey: Item[] | undefined
      for (;;) {
        // Promises are created at the end of a page only: this loop handles a hundred thousand items a second.
        const next = metadata.peek() ?? ((await metadata.fill()) ? metadata.peek() : undefined)
        if (next === undefined || hashKeyIn(sortKeyOf(next)) !== hashKey) break
        sameHashKey ??= [first]
        sameHashKey.push(next)
        metadata.advance()
      }
      const collector = new RevisionCollector(first, sameHashKey !== undefined)
      while (!collector.collect(revisions)) if (!(await revisions.fill())) break
      if (sameHashKey !== undefined) batch.push(...sameHashKey.map((each) => ({ metadata: each })))
      else {
        const { collected } = collector
        batch.push(collected === undefined ? { metadata: first } : { metadata: first, revisions: collected })
      }
      bytes += collector.bytes
      if (batch.length < BATCH && bytes < BATCH_BYTES) continue
      yield batch
      batch = []
      bytes = 0
    }
  } finally {
    await Promise.all([metadata.close(), revisions.close()])
  }
}

/** Collects the revisions of one resource from the stream of revisions, and skips those of no resource. */
class RevisionCollector {
  readonly #hashKey: string
  readonly #prefix: string
  #collected: Item[] | undefined
  /** About the memory that the collected revisions take. */
  bytes = 0

  /** With `skipAll`, it skips all revisions with the hash key of the metadata. */
  constructor(metadata: Item, skipAll: boolean) {
    const sortKey = sortKeyOf(metadata)
    this.#hashKey = hashKeyIn(sortKey)
    this.#prefix = `${sortKey}/`
    this.#collected = skipAll ? undefined : []
  }

  /** Undefined if all were skipped, or if they exceed the memory limit. */
  get collected(): readonly Item[] | undefined {
    return this.#collected
  }

  /** Returns true if the stream is past the hash key of the resource, and false at the end of a page. */
  collect(revisions: PageReader): boolean {
    for (;;) {
      const next = revisions.peek()
      if (next === undefined) return false
      const sortKey = sortKeyOf(next)
      // Hex digits have the same order in UTF-16 and in UTF-8.
      if (hashKeyIn(sortKey) > this.#hashKey) return true
      revisions.advance()
      if (this.#collected === undefined || !sortKey.startsWith(this.#prefix)) continue
      this.#collected.push(next)
      this.bytes += bufferedBytes(next)
      if (this.bytes > MAX_BUFFERED_BYTES) this.#collected = undefined
    }
  }
}
