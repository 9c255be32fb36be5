import pMap from 'p-map'
import { isDeepStrictEqual } from 'node:util'
import { consistencyOf, ConsistencyCheck } from './consistency.ts'
import { type Item, sortKeyOf } from '../tables/item.ts'
import type { JoinedResource } from './resource-join.ts'
import { ResourceChangedError, TornResourcesError } from './errors.ts'
import { hashKeyOfSortKey, type ReadOptions, type StoredResource } from './stored-resource.ts'
import { MetadataView, RevisionView } from './views.ts'

/** What a resource is read through. */
export interface Reading {
  readonly model: string
  readonly metadata: (id: string) => Promise<Item | undefined>
  readonly revisionPages: (id: string) => AsyncIterable<readonly Item[]>
  readonly delay: (ms: number) => Promise<void>
}

/** A torn resource is read again this often: a writer that lives puts its metadata and revision within milliseconds. */
const TORN_ATTEMPTS = 3
const TORN_DELAY_MS = 100
/** A resource that changes between each of so many reads is written faster than it can be read. */
const CHANGED_ATTEMPTS = 10
/** A wait costs nothing but the few reads around it. */
const PARALLEL_WAITS = 32
const HELD_BYTES = 4 * 1024 * 1024

/** Brings resources, as they came off the streams, to rest: each as it stood at one moment. */
export class ResourceReading {
  readonly #reading: Reading
  readonly #options: ReadOptions
  readonly #torn: string[] = []

  constructor(reading: Reading, options: ReadOptions) {
    this.#reading = reading
    this.#options = options
  }

  /** Checks each resource and reads again those that do not stand. Those that are gone meanwhile are left out. */
  async settle(batch: readonly JoinedResource[]): Promise<StoredResource[]> {
    const settled: (StoredResource | undefined)[] = []
    const unsettled: number[] = []
    for (const [k, { metadata, revisions }] of batch.entries()) {
      const isWhole = revisions !== undefined && consistencyOf(metadata, revisions) === 'whole'
      settled.push(isWhole ? stored(metadata, revisions) : undefined)
      if (!isWhole) unsettled.push(k)
    }
    // Each torn one is waited for: in a store that lost many revisions, one after the other would take hours.
    if (unsettled.length > 0)
      await pMap(
        unsettled,
        async (k) => {
          const joined = batch[k]
          if (joined !== undefined) settled[k] = await this.#readAgain(joined)
        },
        { concurrency: PARALLEL_WAITS },
      )
    return settled.filter((resource) => resource !== undefined)
  }

  /** A metadata item with its revisions, where they can be held. */
  async join(metadata: Item): Promise<JoinedResource> {
    const revisions = await this.#held(new MetadataView(metadata).resourceId)
    return revisions === undefined ? { metadata } : { metadata, revisions }
  }

  /** Throws what was torn, where nobody was told of it. */
  end(): void {
    if (this.#options.onTorn === undefined && this.#torn.length > 0) throw new TornResourcesError(this.#torn)
  }

  /** Reads metadata, revisions, metadata, until both reads of the metadata are the same. */
  async #readAgain({ metadata }: JoinedResource): Promise<StoredResource | undefined> {
    const id = new MetadataView(metadata).resourceId
    let torn = 0
    for (let attempt = 1; attempt <= CHANGED_ATTEMPTS; attempt++) {
      const before = await this.#reading.metadata(id)
      if (before === undefined || this.#options.filter?.(before) === false) return undefined
      const revisions = await this.#held(id)
      if (revisions === undefined) {
        if (await this.#hasCurrent(before)) return stored(before, this.#streamed(before))
      } else if (!isDeepStrictEqual(before, await this.#reading.metadata(id))) continue
      else {
        const standing = consistencyOf(before, revisions)
        // What stays stale after a wait is no writer between its two puts: counts and times may have been set back.
        if (standing === 'whole' || (standing === 'stale' && torn > 0)) return stored(before, revisions)
      }
      torn += 1
      if (torn > TORN_ATTEMPTS) {
        this.#torn.push(id)
        this.#options.onTorn?.(id)
        return undefined
      }
      await this.#reading.delay(TORN_DELAY_MS * 2 ** torn * (0.5 + Math.random() / 2))
    }
    throw new ResourceChangedError(this.#reading.model, id)
  }

  /** Undefined where the revisions are too large to hold. */
  async #held(id: string): Promise<Item[] | undefined> {
    const items: Item[] = []
    let bytes = 0
    for await (const page of this.#reading.revisionPages(id)) {
      items.push(...page)
      for (const item of page) bytes += new RevisionView(item).inlineSize + 1024
      if (bytes > HELD_BYTES) return undefined
    }
    return items
  }

  async #hasCurrent(metadata: Item): Promise<boolean> {
    const check = new ConsistencyCheck(metadata)
    for await (const page of this.#reading.revisionPages(new MetadataView(metadata).resourceId))
      for (const item of page) check.add(item)
    return check.standing !== 'torn'
  }

  /** The revisions of a large resource. Throws `ResourceChangedError` at their end where its metadata is another one by then. */
  async *#streamed(metadata: Item): AsyncGenerator<Item> {
    const id = new MetadataView(metadata).resourceId
    for await (const page of this.#reading.revisionPages(id)) yield* page
    if (!isDeepStrictEqual(metadata, await this.#reading.metadata(id)))
      throw new ResourceChangedError(this.#reading.model, id)
  }
}

const stored = (metadata: Item, revisions: StoredResource['revisions']): StoredResource => ({
  h: hashKeyOfSortKey(sortKeyOf(metadata)),
  id: new MetadataView(metadata).resourceId,
  metadata,
  revisions,
})
