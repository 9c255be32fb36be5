import pMap from 'p-map'
import { isDeepStrictEqual } from 'node:util'
import { consistencyOf, ConsistencyCheck } from './consistency.ts'
import type { Item } from '../tables/item.ts'
import { bufferedBytes, type JoinedResource, MAX_BUFFERED_BYTES } from './resource-join.ts'
import { ResourceChangedError, TornResourcesError } from './errors.ts'
import type { ReadOptions, StoredResource } from './stored-resource.ts'
import { MetadataView } from './views.ts'

/** Data sources for reading one resource. */
export interface ResourceSources {
  readonly model: string
  readonly metadata: (id: string) => Promise<Item | undefined>
  readonly revisionPages: (id: string) => AsyncIterable<readonly Item[]>
  readonly delay: (ms: number) => Promise<void>
}

/**
 * A torn resource is read again this many times, after 100 to 800 ms. A writer that is still running writes the
 * metadata and the revision within milliseconds of each other.
 */
const TORN_ATTEMPTS = 3
const TORN_DELAY_MS = 100
/** A resource that changes during each of this many reads is written faster than it can be read. */
const CHANGED_ATTEMPTS = 10
/** Resources that are read again at the same time. Most of that time is waiting. */
const PARALLEL_READS = 32

/**
 * Makes consistent resources of joined ones: each is returned in a state that it had at one moment. The metadata and
 * the revisions are separate items, so another program can change a resource between the two reads.
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
   * Checks each resource and reads it again if it is not consistent. Resources that no longer exist or that the filter
   * no longer accepts are omitted, and so are torn ones. Throws `ResourceChangedError` if a resource changes during
   * every attempt.
   */
  async makeConsistent(batch: readonly JoinedResource[]): Promise<StoredResource[]> {
    const resources: (StoredResource | undefined)[] = []
    const inconsistent: { readonly index: number; readonly metadata: Item }[] = []
    for (const [index, { metadata, revisions }] of batch.entries()) {
      const isConsistent = revisions !== undefined && consistencyOf(metadata, revisions) === 'consistent'
      resources.push(isConsistent ? storedResource(metadata, revisions) : undefined)
      if (!isConsistent) inconsistent.push({ index, metadata })
    }
    // Reading a torn resource again takes about a second. One at a time would take hours if many revisions are lost.
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

  /** Reads the revisions of a metadata item. They are absent if they exceed 4 MiB. */
  async join(metadata: Item): Promise<JoinedResource> {
    const revisions = await this.#readRevisions(new MetadataView(metadata).resourceId)
    return revisions === undefined ? { metadata } : { metadata, revisions }
  }

  /** Throws `TornResourcesError` if there were torn resources and the caller did not pass `onTorn`. */
  end(): void {
    if (this.#options.onTorn === undefined && this.#torn.length > 0) throw new TornResourcesError(this.#torn)
  }

  /** Reads the metadata, the revisions and the metadata again, until both reads of the metadata return the same. */
  async #readAgain(metadata: Item): Promise<StoredResource | undefined> {
    const id = new MetadataView(metadata).resourceId
    let torn = 0
    for (let attempt = 1; attempt <= CHANGED_ATTEMPTS; attempt++) {
      const before = await this.#sources.metadata(id)
      if (before === undefined || this.#options.filter?.(before) === false) return undefined
      const revisions = await this.#readRevisions(id)
      if (revisions === undefined) {
        if (await this.#hasCurrent(before)) return storedResource(before, this.#streamRevisions(before))
      } else if (!isDeepStrictEqual(before, await this.#sources.metadata(id))) continue
      else {
        const state = consistencyOf(before, revisions)
        // A resource that is still stale after a wait is not being written: its counts or times were set back earlier.
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

  /** Undefined if the revisions exceed the memory limit. */
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

  async #hasCurrent(metadata: Item): Promise<boolean> {
    const check = new ConsistencyCheck(metadata)
    for await (const page of this.#sources.revisionPages(new MetadataView(metadata).resourceId))
      for (const item of page) check.add(item)
    return check.state !== 'torn'
  }

  /**
   * The revisions of a large resource. Throws `ResourceChangedError` after the last one if the metadata has changed.
   */
  async *#streamRevisions(metadata: Item): AsyncGenerator<Item> {
    const id = new MetadataView(metadata).resourceId
    for await (const page of this.#sources.revisionPages(id)) yield* page
    if (!isDeepStrictEqual(metadata, await this.#sources.metadata(id)))
      throw new ResourceChangedError(this.#sources.model, id)
  }
}

const storedResource = (metadata: Item, revisions: StoredResource['revisions']): StoredResource => {
  const { hashKey, resourceId } = new MetadataView(metadata)
  return { h: hashKey, id: resourceId, metadata, revisions }
}
