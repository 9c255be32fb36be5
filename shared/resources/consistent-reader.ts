import pMap from 'p-map'
import { isDeepStrictEqual } from 'node:util'
import { consistencyOf, ConsistencyCheck } from './consistency.ts'
import { resourceIdIn } from './keys.ts'
import { type Item, sortKeyOf } from '../tables/item.ts'
import { bufferedBytes, type JoinedResource, MAX_BUFFERED_BYTES } from './resource-join.ts'
import { ResourceChangedError, TornResourcesError } from './errors.ts'
import type { ReadOptions, StoredResource } from './stored-resource.ts'
import { MetadataView } from './views.ts'

/** The functions with which one resource is read again. */
export interface ResourceSources {
  readonly model: string
  readonly metadata: (id: string) => Promise<Item | undefined>
  readonly revisionPages: (id: string) => AsyncIterable<readonly Item[]>
  readonly delay: (ms: number) => Promise<void>
}

/**
 * How often a torn resource is read again. The reader waits for 100 to 800 ms before each read. This is long enough,
 * because a running writer writes the metadata and the current revision within milliseconds.
 */
const TORN_ATTEMPTS = 3
/** The wait doubles for each attempt, beginning with 100 to 200 ms. */
const TORN_DELAY_MS = 100
/** How often a resource is read. If it changes during every read, `ResourceChangedError` is thrown. */
const CHANGED_ATTEMPTS = 10
/** The number of resources that are read again at the same time. Most of the time is spent waiting. */
const PARALLEL_READS = 32

/**
 * Checks that the metadata and the revisions of each resource are consistent, and reads the resource again if they are
 * not. They are separate items, so another program can change the resource between the reads of these items.
 */
export class ConsistentReader {
  readonly #sources: ResourceSources
  readonly #options: ReadOptions
  readonly #torn: string[] = []

  constructor(sources: ResourceSources, options: ReadOptions) {
    this.#sources = sources
    this.#options = options
  }

  /**
   * Checks each resource of a batch, and reads the resource again if it is not consistent. Returns the consistent
   * resources in the order of the batch. A resource is omitted if it no longer exists, if the filter no longer selects
   * it, or if it stays torn. An inconsistent resource is also omitted if its sort key contains no valid resource id,
   * because it cannot be read again. Throws `ResourceChangedError` if a resource changes during every attempt.
   */
  async makeConsistent(batch: readonly JoinedResource[]): Promise<StoredResource[]> {
    const resources: (StoredResource | undefined)[] = []
    const inconsistent: { readonly index: number; readonly metadata: Item }[] = []
    for (const [index, { metadata, revisions }] of batch.entries()) {
      const isConsistent = revisions !== undefined && consistencyOf(metadata, revisions) === 'consistent'
      resources.push(isConsistent ? storedResource(metadata, revisions) : undefined)
      if (!isConsistent) inconsistent.push({ index, metadata })
    }
    // Reading a torn resource again takes about a second, so many torn resources are read at the same time.
    if (inconsistent.length > 0)
      await pMap(
        inconsistent,
        async ({ index, metadata }) => {
          resources[index] = await this.#readAgain(metadata)
        },
        { concurrency: PARALLEL_READS },
      )
    return resources.filter((resource) => resource !== undefined)
  }

  /**
   * Reads the revisions of the resource of a metadata item. `revisions` is absent if the revisions exceed 4 MiB, or if
   * the sort key of the metadata contains no valid resource id.
   */
  async join(metadata: Item): Promise<JoinedResource> {
    const id = idOf(metadata)
    const revisions = id === undefined ? undefined : await this.#readRevisions(id)
    return revisions === undefined ? { metadata } : { metadata, revisions }
  }

  /**
   * Must be called after the last batch. If torn resources were omitted and the caller did not pass `onTorn`, throws
   * `TornResourcesError`.
   */
  end(): void {
    if (this.#options.onTorn === undefined && this.#torn.length > 0) throw new TornResourcesError(this.#torn)
  }

  /**
   * Reads a resource until its state is consistent. Each attempt reads the metadata, the revisions, and the metadata
   * again. If the metadata has changed in between, the next attempt begins. Returns undefined if the resource does not
   * exist, if the filter does not select it, or if it stays torn.
   */
  async #readAgain(metadata: Item): Promise<StoredResource | undefined> {
    const id = idOf(metadata)
    if (id === undefined) return undefined
    let torn = 0
    for (let attempt = 1; attempt <= CHANGED_ATTEMPTS; attempt++) {
      const before = await this.#sources.metadata(id)
      if (before === undefined || this.#options.filter?.(before) === false) return undefined
      const revisions = await this.#readRevisions(id)
      if (revisions === undefined) {
        if (await this.#hasCurrent(id, before)) return storedResource(before, this.#streamRevisions(id, before))
      } else if (!isDeepStrictEqual(before, await this.#sources.metadata(id))) continue
      else {
        const state = consistencyOf(before, revisions)
        // If the resource is still stale after a wait, no program is writing it. Its count or its time is permanently
        // wrong, for example because a program has set it to an older value, so the resource is returned as it is.
        if (state === 'consistent' || (state === 'stale' && torn > 0)) return storedResource(before, revisions)
      }
      torn += 1
      if (torn > TORN_ATTEMPTS) {
        this.#torn.push(id)
        this.#options.onTorn?.(id)
        return undefined
      }
      await this.#sources.delay(TORN_DELAY_MS * 2 ** torn * (0.5 + Math.random() / 2))
    }
    throw new ResourceChangedError(this.#sources.model, id)
  }

  /** Returns the revisions of a resource, or undefined if they exceed 4 MiB. */
  async #readRevisions(id: string): Promise<Item[] | undefined> {
    const items: Item[] = []
    let bytes = 0
    for await (const page of this.#sources.revisionPages(id)) {
      items.push(...page)
      for (const item of page) bytes += bufferedBytes(item)
      if (bytes > MAX_BUFFERED_BYTES) return undefined
    }
    return items
  }

  /** Returns true if the current revision exists. Reads the revisions as a stream. */
  async #hasCurrent(id: string, metadata: Item): Promise<boolean> {
    const check = new ConsistencyCheck(metadata)
    for await (const page of this.#sources.revisionPages(id)) for (const item of page) check.add(item)
    return check.state !== 'torn'
  }

  /**
   * Reads the revisions of a large resource as a stream. After the last revision, reads the metadata again and throws
   * `ResourceChangedError` if the metadata has changed.
   */
  async *#streamRevisions(id: string, metadata: Item): AsyncGenerator<Item> {
    for await (const page of this.#sources.revisionPages(id)) yield* page
    if (!isDeepStrictEqual(metadata, await this.#sources.metadata(id)))
      throw new ResourceChangedError(this.#sources.model, id)
  }
}

/**
 * Returns the resource id in the sort key of the metadata. The attribute `resource_id` is not used, because in damaged
 * metadata it may be the id of another resource.
 */
const idOf = (metadata: Item): string | undefined => resourceIdIn(sortKeyOf(metadata))

const storedResource = (metadata: Item, revisions: StoredResource['revisions']): StoredResource => {
  const { idHash, resourceId } = new MetadataView(metadata)
  return { h: idHash, id: resourceId, metadata, revisions }
}
