import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Item, type Key, keyOf, type SortKeyRange, sortKeyOf } from '../../tables/item.ts'
import { compareBytes } from '../../values/text-order.ts'
import { ConsistentReader } from '../consistent-reader.ts'
import { type BucketRange, FULL_RANGE, revisionRange, toSortKeys } from '../key-range.ts'
import { isResourceId, metadataKey, metadataPartition, metadataSortKey, revisionPartition } from '../keys.ts'
import type { ModelRegistry } from '../models.ts'
import { joinPages, type JoinedResource } from '../resource-join.ts'
import { estimateModel, type ModelEstimate } from '../sample.ts'
import type { ReadOptions, StoredResource } from '../stored-resource.ts'
import { MetadataView, RevisionView } from '../views.ts'
import { ResourceTable } from './resource-table.ts'
import { ResourceWriter, type WriterOptions } from './resource-writer.ts'

export type { ReadOptions, StoredResource } from '../stored-resource.ts'

type Range = BucketRange | SortKeyRange

/**
 * The number of requests at the same time, when the revisions of several resources or several partitions are read.
 */
const PARALLEL_READS = 16
/** The number of metadata items that `resourcesById` reads with one BatchGetItem request. This is DynamoDB's limit. */
const IDS_BATCH = 100

interface ResourceStoreOptions {
  /** Waits before a torn resource is read again. Tests replace it to save time. */
  readonly delay?: (ms: number) => Promise<void>
}

/**
 * Reads the metadata and revisions of all models from the resource table. All reads are strongly consistent. Every
 * method throws `UnknownModelError` for a model that is not registered, and `ResourceIdError` for an id that cannot be
 * a key.
 */
export class ResourceStore {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #items: ResourceTable
  readonly #models: ModelRegistry
  readonly #delay: (ms: number) => Promise<void>

  constructor(
    client: DynamoDBClient,
    table: string,
    models: ModelRegistry,
    { delay = (ms) => sleep(ms) }: ResourceStoreOptions = {},
  ) {
    this.#client = client
    this.#table = table
    this.#items = new ResourceTable(client, table, models)
    this.#models = models
    this.#delay = delay
  }

  /** Returns the metadata items of a range, in the order of their sort keys. */
  async *metadata(model: string, range: Range = FULL_RANGE): AsyncGenerator<Item> {
    for await (const page of this.#items.pages('m', model, toSortKeys(range))) yield* page
  }

  /** Returns the revision items of a range, in the order of their sort keys. */
  async *revisions(model: string, range: Range = FULL_RANGE): AsyncGenerator<Item> {
    for await (const page of this.#items.pages('r', model, revisionRange(toSortKeys(range)))) yield* page
  }

  /** Returns the keys of the revisions of a range, in the order of their sort keys. */
  async *revisionKeys(model: string, range: Range = FULL_RANGE): AsyncGenerator<Key> {
    const pages = this.#items.pages('r', model, revisionRange(toSortKeys(range)), { attributes: ['pk', 'sk'] })
    for await (const page of pages) for (const item of page) yield keyOf(item)
  }

  /**
   * Returns the resources of a range with all their revisions, sorted by id hash and then by the UTF-8 bytes of their
   * ids. The metadata and the revisions of each resource are consistent with each other.
   *
   * Torn resources are not returned (see `ReadOptions.onTorn`). Throws `ResourceChangedError` if a resource changes
   * during every attempt to read it.
   */
  async *resources(
    model: string,
    range: Range = FULL_RANGE,
    options: ReadOptions = {},
  ): AsyncGenerator<StoredResource> {
    const reader = this.#consistentReader(model, options)
    const keys = toSortKeys(range)
    const metadata = this.#items.pages('m', model, keys)
    const { filter, acceptMetadata = () => true } = options
    // Without a filter, metadata and revisions are read as two streams. With a filter, the revisions are read for each
    // selected resource separately.
    const batches =
      filter === undefined
        ? joinPages(
            filterPages(metadata, acceptMetadata),
            this.#items.pages('r', model, revisionRange(keys)),
            options.onUnclaimed,
            options.until,
          )
        : this.#filtered(pagesUntil(metadata, options), (item) => filter(item) && acceptMetadata(item), reader)
    for await (const batch of batches) yield* await reader.makeConsistent(batch)
    reader.end()
  }

  /**
   * Returns the resources with these ids in the same way as `resources`. Ids without a resource are ignored. If an id
   * is given twice, its resource is returned once.
   */
  async *resourcesById(
    model: string,
    ids: readonly string[],
    options: ReadOptions = {},
  ): AsyncGenerator<StoredResource> {
    const reader = this.#consistentReader(model, options)
    const { shards } = this.#models.get(model)
    const keys = [...new Set(ids)]
      .filter(isResourceId)
      .map((id) => metadataKey(model, id, shards))
      .sort((a, b) => compareBytes(a.sk, b.sk))
    for (let from = 0; from < keys.length; from += IDS_BATCH) {
      const batch = keys.slice(from, from + IDS_BATCH)
      const items = await this.#items.find(batch)
      const bySortKey = new Map(items.map((item) => [sortKeyOf(item), item]))
      const metadata: Item[] = []
      for (const { sk } of batch) {
        const item = bySortKey.get(sk)
        const isSelected =
          item !== undefined && (options.filter?.(item) ?? true) && (options.acceptMetadata?.(item) ?? true)
        if (isSelected) metadata.push(item)
      }
      for (let start = 0; start < metadata.length; start += PARALLEL_READS)
        yield* await reader.makeConsistent(
          await this.#withRevisions(metadata.slice(start, start + PARALLEL_READS), reader),
        )
    }
    reader.end()
  }

  /**
   * Estimates the numbers of a model's resources and revisions, and the size of their archive lines, from a sample. The
   * size is 0 only if the model has no items. See `estimateModel`.
   */
  estimate(model: string): Promise<ModelEstimate> {
    return estimateModel((kind, range, options) => this.#items.pages(kind, model, range, options))
  }

  /**
   * Returns true if the first `shards` shards of a model contain neither metadata nor revisions. By default, checks all
   * shards of the model.
   */
  async isEmpty(model: string, shards = this.#models.get(model).shards): Promise<boolean> {
    const partitions = Array.from({ length: shards }, (_, shard) => shard).flatMap((shard) => [
      metadataPartition(model, shard),
      revisionPartition(model, shard),
    ])
    // A model with items usually has some in its first partition.
    const [first = '', ...others] = partitions
    let isEmpty = await this.#items.isEmpty(first)
    await pMap(
      others,
      async (partition) => {
        if (isEmpty && !(await this.#items.isEmpty(partition))) isEmpty = false
      },
      { concurrency: PARALLEL_READS },
    )
    return isEmpty
  }

  /** Returns the metadata item of a resource, or undefined if the resource has no metadata. */
  async getMetadata(model: string, id: string): Promise<Item | undefined> {
    return this.#items.get(metadataKey(model, id, this.#models.get(model).shards))
  }

  /** Returns all revisions of one resource, in the order of their sort keys. */
  getRevisions(model: string, id: string): Promise<Item[]> {
    return Array.fromAsync(this.revisionsOf(model, id))
  }

  /** Yields all revisions of one resource, in the order of their sort keys. */
  async *revisionsOf(model: string, id: string): AsyncGenerator<Item> {
    for await (const page of this.#items.revisionPages(model, id)) yield* page
  }

  /** Returns the keys of all revisions of one resource, in the order of their sort keys. */
  async revisionKeysOf(model: string, id: string): Promise<Key[]> {
    const keys: Key[] = []
    const pages = this.#items.revisionPages(model, id, { attributes: ['pk', 'sk'] })
    for await (const page of pages) keys.push(...page.map(keyOf))
    return keys
  }

  /** Returns the ids of all revisions of one resource. Does not transfer their payloads. */
  async *revisionIdsOf(model: string, id: string): AsyncGenerator<string> {
    for await (const page of this.#items.revisionPages(model, id, { attributes: ['revision_id'] }))
      for (const item of page) yield new RevisionView(item).revisionId ?? ''
  }

  /** Returns the given ids for which a metadata item exists. Invalid ids are ignored. */
  async existing(model: string, ids: readonly string[]): Promise<Set<string>> {
    const { shards } = this.#models.get(model)
    const valid = [...new Set(ids)].filter(isResourceId)
    const keys = valid.map((id) => metadataKey(model, id, shards))
    const found = new Set((await this.#items.find(keys, ['sk'])).map(sortKeyOf))
    return new Set(valid.filter((id) => found.has(metadataSortKey(id))))
  }

  /**
   * Returns the id of the restore job that wrote an item. Returns undefined if the item does not exist, or if its last
   * writer was not a restore.
   */
  async appliedBy(key: Key): Promise<string | undefined> {
    const item = await this.#items.get(key)
    return item === undefined ? undefined : new RevisionView(item).appliedBy
  }

  /** Returns the revision item with this key, or undefined if the item does not exist. */
  getRevision(key: Key): Promise<Item | undefined> {
    return this.#items.get(key)
  }

  writer(options: WriterOptions = {}): ResourceWriter {
    return new ResourceWriter(this.#client, this.#table, options)
  }

  #consistentReader(model: string, options: ReadOptions): ConsistentReader {
    const sources = {
      model,
      metadata: (id: string) => this.getMetadata(model, id),
      revisionPages: (id: string) => this.#items.revisionPages(model, id),
      delay: this.#delay,
    }
    return new ConsistentReader(sources, options)
  }

  /** Returns the resources whose metadata the filter accepts. */
  async *#filtered(
    pages: AsyncIterable<readonly Item[]>,
    filter: (metadata: Item) => boolean,
    reader: ConsistentReader,
  ): AsyncGenerator<readonly JoinedResource[]> {
    for await (const page of pages) {
      const accepted = page.filter(filter)
      for (let from = 0; from < accepted.length; from += PARALLEL_READS)
        yield await this.#withRevisions(accepted.slice(from, from + PARALLEL_READS), reader)
    }
  }

  #withRevisions(metadata: readonly Item[], reader: ConsistentReader): Promise<JoinedResource[]> {
    return pMap(metadata, (item) => reader.join(item), { concurrency: PARALLEL_READS })
  }
}

async function* filterPages(
  pages: AsyncIterable<readonly Item[]>,
  filter: (item: Item) => boolean,
): AsyncGenerator<readonly Item[]> {
  for await (const page of pages) yield page.filter(filter)
}

/** Returns the items before the first item for whose id hash `until` returns true. */
async function* pagesUntil(
  pages: AsyncIterable<readonly Item[]>,
  { until = () => false, onRead }: ReadOptions,
): AsyncGenerator<readonly Item[]> {
  for await (const page of pages) {
    const end = page.findIndex((item) => until(new MetadataView(item).idHash))
    yield end === -1 ? page : page.slice(0, end)
    if (end !== -1) return
    const last = page.at(-1)
    if (last !== undefined) onRead?.(new MetadataView(last).idHash)
  }
}
