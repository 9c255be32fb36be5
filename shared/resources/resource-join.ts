import { type Item, sortKeyOf } from '../tables/item.ts'
import { idHashIn } from './keys.ts'
import { PageReader } from './page-reader.ts'
import type { ReadOptions } from './stored-resource.ts'
import { RevisionView } from './views.ts'

/**
 * The metadata and the revisions of a resource. If `revisions` is absent, the reader of the resource must read them
 * separately.
 */
export interface JoinedResource {
  readonly metadata: Item
  readonly revisions?: readonly Item[]
}

/** The limit on the memory for the revisions of one resource, in bytes. */
export const MAX_BUFFERED_BYTES = 4 * 1024 * 1024
/** The approximate size of a revision item without its payload, in bytes. */
const REVISION_BYTES = 1024
/**
 * A batch is returned as soon as it has `BATCH` resources, or as soon as its revisions need `BATCH_BYTES` of memory. A
 * batch has about as many bytes as a page of DynamoDB, because only one further page is read while it is processed.
 */
const BATCH = 256
const BATCH_BYTES = 1024 * 1024

/** Returns the approximate memory for a revision item, in bytes. */
export const bufferedBytes = (revision: Item): number => REVISION_BYTES + new RevisionView(revision).inlineSize

/**
 * Joins the metadata items of a range with the revision items of the same range. Both streams must be in the order of
 * their sort keys. Returns batches of resources in the same order. Revisions without metadata are skipped. If
 * `onUnclaimed` is given, it is called with the skipped revisions of each page, in the order of their sort keys, and
 * both streams are read to their end. All skipped revisions that precede a batch are reported before the batch is
 * returned. If `until` is given, it is called with the id hash of the last skipped revision of each page. If it returns
 * true, the resources that have been joined are returned, and reading ends. No skipped revision is kept in memory after
 * its page, because both streams are sorted: the metadata of a revision cannot follow metadata with a greater id hash.
 *
 * `revisions` is absent if the revisions of a resource exceed 4 MiB, or if several resources have the same id hash.
 * Resources with the same id hash can have a different order in the two streams, because `/` follows the id in the
 * sort keys of revisions. For example, `a` comes before `a!`, but `a!/` comes before `a/`.
 */
export async function* joinPages(
  metadataPages: AsyncIterable<readonly Item[]>,
  revisionPages: AsyncIterable<readonly Item[]>,
  onUnclaimed?: ReadOptions['onUnclaimed'],
  until?: ReadOptions['until'],
): AsyncGenerator<readonly JoinedResource[]> {
  const metadata = new PageReader(metadataPages)
  const revisions = new PageReader(revisionPages)
  const skipped = new SkippedRevisions(onUnclaimed, until)
  let batch: JoinedResource[] = []
  let bytes = 0
  try {
    await Promise.all([metadata.fill(), revisions.fill()])
    for (;;) {
      const first = metadata.peek()
      if (first === undefined) {
        // `fill` has already been called, so this is the end of the stream and not of a page.
        const mustStop = await skipped.report()
        if (batch.length > 0) yield batch
        if (onUnclaimed !== undefined && !mustStop) await skipAll(revisions, skipped)
        return
      }
      metadata.advance()
      const idHash = idHashIn(sortKeyOf(first))
      let sameIdHash: [Item, ...Item[]] | undefined
      for (;;) {
        // This loop handles 100,000 items per second, so it awaits a promise only at the end of a page.
        const next = metadata.peek() ?? ((await metadata.fill()) ? metadata.peek() : undefined)
        if (next === undefined || idHashIn(sortKeyOf(next)) !== idHash) break
        sameIdHash ??= [first]
        sameIdHash.push(next)
        metadata.advance()
      }
      const collector = new RevisionCollector(sameIdHash ?? [first], skipped)
      let mustStop = false
      while (!collector.collect(revisions)) {
        mustStop = await skipped.report()
        if (mustStop || !(await revisions.fill())) break
      }
      if (mustStop) {
        if (batch.length > 0) yield batch
        return
      }
      if (sameIdHash !== undefined) batch.push(...sameIdHash.map((each) => ({ metadata: each })))
      else {
        const { collected } = collector
        batch.push(collected === undefined ? { metadata: first } : { metadata: first, revisions: collected })
      }
      bytes += collector.bytes
      if (batch.length < BATCH && bytes < BATCH_BYTES) continue
      mustStop = await skipped.report()
      yield batch
      if (mustStop) return
      batch = []
      bytes = 0
    }
  } finally {
    await Promise.all([metadata.close(), revisions.close()])
  }
}

/** Holds the skipped revisions of the current page until they are reported. */
class SkippedRevisions {
  readonly #onUnclaimed: ReadOptions['onUnclaimed']
  readonly #until: NonNullable<ReadOptions['until']>
  #revisions: Item[] = []
  #last: Item | undefined

  constructor(onUnclaimed: ReadOptions['onUnclaimed'], until: ReadOptions['until'] = () => false) {
    this.#onUnclaimed = onUnclaimed
    this.#until = until
  }

  add(revision: Item): void {
    this.#last = revision
    if (this.#onUnclaimed !== undefined) this.#revisions.push(revision)
  }

  /** Returns true if reading must end before the last skipped revision. */
  async report(): Promise<boolean> {
    if (this.#last === undefined) return false
    const h = idHashIn(sortKeyOf(this.#last))
    const revisions = this.#revisions
    this.#last = undefined
    this.#revisions = []
    await this.#onUnclaimed?.(revisions)
    return this.#until(h)
  }
}

/** Skips all further revisions, or those of the pages before reading must end. */
const skipAll = async (revisions: PageReader, skipped: SkippedRevisions): Promise<void> => {
  do {
    for (let next = revisions.peek(); next !== undefined; next = revisions.peek()) {
      skipped.add(next)
      revisions.advance()
    }
    if (await skipped.report()) return
  } while (await revisions.fill())
}

/** Collects the revisions of one resource from the stream of revisions. Skips revisions that belong to no resource. */
class RevisionCollector {
  readonly #idHash: string
  readonly #prefixes: readonly string[]
  readonly #skipped: SkippedRevisions
  #collected: Item[] | undefined
  /** The approximate memory for the collected revisions, in bytes. */
  bytes = 0

  /**
   * `metadata` contains all items with the same id hash. If there is more than one item, no revisions are collected.
   */
  constructor(metadata: readonly [Item, ...Item[]], skipped: SkippedRevisions) {
    this.#idHash = idHashIn(sortKeyOf(metadata[0]))
    this.#prefixes = metadata.map((item) => `${sortKeyOf(item)}/`)
    this.#skipped = skipped
    this.#collected = metadata.length === 1 ? [] : undefined
  }

  /** Undefined if there are several metadata items, or if the revisions exceed the memory limit. */
  get collected(): readonly Item[] | undefined {
    return this.#collected
  }

  /**
   * Reads revisions up to the id hash of the resource. Returns true if the next revision has a greater id hash.
   * Returns false at the end of a page. The caller must then read the next page and call this method again.
   */
  collect(revisions: PageReader): boolean {
    for (;;) {
      const next = revisions.peek()
      if (next === undefined) return false
      const sortKey = sortKeyOf(next)
      // JavaScript compares UTF-16 code units, and DynamoDB compares UTF-8 bytes. For hex digits, both orders are the
      // same.
      if (idHashIn(sortKey) > this.#idHash) return true
      revisions.advance()
      if (!this.#prefixes.some((prefix) => sortKey.startsWith(prefix))) {
        this.#skipped.add(next)
        continue
      }
      if (this.#collected === undefined) continue
      this.#collected.push(next)
      this.bytes += bufferedBytes(next)
      if (this.bytes > MAX_BUFFERED_BYTES) this.#collected = undefined
    }
  }
}
