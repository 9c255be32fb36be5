import { type DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import { sampleModel, type Sample } from '../sample.ts'
import { type Item, type Key, keyOf, type SortKeyRange, sortKeyOf } from '../../tables/item.ts'
import { type BucketRange, revisionRange, shardsOf, toSortKeys, WHOLE } from '../key-range.ts'
import type { ModelRegistry } from '../models.ts'
import { metadataKey, metadataPartition, metadataSortKey, revisionPartition, shardOf } from '../keys.ts'
import { joinPages, type JoinedResource } from '../resource-join.ts'
import { batchGet, queryPages, type QueryOptions } from '../../tables/aws/query.ts'
import { type Reading, ResourceReading } from '../resource-reading.ts'
import { ResourceWriter, type WriterOptions } from './resource-writer.ts'
import { bySortKey, hashKeyOfSortKey, type ReadOptions, type StoredResource } from '../stored-resource.ts'
import { MetadataView, payloadOf, RevisionView } from '../views.ts'
import { compareBytes } from '../../values/text-order.ts'

export type { ReadOptions, StoredResource } from '../stored-resource.ts'

type Range = BucketRange | SortKeyRange

/** Reads of single resources that are under way beside each other. */
const PARALLEL_READS = 16

export interface ResourceStoreOptions {
  /** How a torn resource is waited for, in ms (tests make it short). */
  readonly delay?: (ms: number) => Promise<void>
}

/** Metadata and revisions of all models in the resource table. All reads are strongly consistent. */
export class ResourceStore {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #models: ModelRegistry
  readonly #payloads: PayloadStore
  readonly #delay: (ms: number) => Promise<void>

  constructor(
    client: DynamoDBClient,
    table: string,
    models: ModelRegistry,
    payloads: PayloadStore,
    { delay = (ms) => sleep(ms) }: ResourceStoreOptions = {},
  ) {
    this.#client = client
    this.#table = table
    this.#models = models
    this.#payloads = payloads
    this.#delay = delay
  }

  /** Metadata items of a run, in the order of their sort keys. */
  async *metadata(model: string, range: Range = WHOLE): AsyncGenerator<Item> {
    for await (const page of this.#pages('m', model, toSortKeys(range))) yield* page
  }

  /** Revision items of a run, in the order of their sort keys. */
  async *revisions(model: string, range: Range = WHOLE): AsyncGenerator<Item> {
    for await (const page of this.#pages('r', model, revisionRange(toSortKeys(range)))) yield* page
  }

  /** As `revisions`, but only the keys. */
  async *revisionKeys(model: string, range: Range = WHOLE): AsyncGenerator<Key> {
    const keys = this.#pages('r', model, revisionRange(toSortKeys(range)), { attributes: ['pk', 'sk'] })
    for await (const page of keys) for (const item of page) yield keyOf(item)
  }

  /**
   * The resources of a run that the filter takes, whole, in the order of (`h`, id by UTF-8 bytes). Each is consistent in
   * itself. What stays torn is told to `onTorn`, or thrown together at the end (`TornResourcesError`). Throws
   * `ResourceChangedError` where one never stood still.
   */
  async *resources(model: string, range: Range = WHOLE, options: ReadOptions = {}): AsyncGenerator<StoredResource> {
    for await (const batch of this.resourceBatches(model, range, options)) yield* batch
  }

  /** As `resources`, in arrays. */
  async *resourceBatches(
    model: string,
    range: Range = WHOLE,
    options: ReadOptions = {},
  ): AsyncGenerator<readonly StoredResource[]> {
    const reading = this.#reading(model, options)
    const keys = toSortKeys(range)
    const metadata = this.#pages('m', model, keys)
    const { filter } = options
    const joined =
      filter === undefined
        ? joinPages(metadata, this.#pages('r', model, revisionRange(keys)))
        : this.#matches(upTo(metadata, options.until), filter, reading)
    for await (const batch of joined) yield await reading.settle(batch)
    reading.end()
  }

  /** The named resources that exist and that the filter takes, in the same order and form as `resources`. */
  async *resourcesById(
    model: string,
    ids: readonly string[],
    options: ReadOptions = {},
  ): AsyncGenerator<StoredResource> {
    const reading = this.#reading(model, options)
    const { shards } = this.#models.get(model)
    const keys = [...new Set(ids)].map((id) => metadataKey(model, id, shards)).sort((a, b) => compareBytes(a.sk, b.sk))
    // A hundred keys are one BatchGet; their revisions are read before the next hundred.
    for (let from = 0; from < keys.length; from += 100) {
      const some = keys.slice(from, from + 100)
      const found = bySortKey(await batchGet(this.#client, this.#table, some))
      const metadata: Item[] = []
      for (const { sk } of some) {
        const item = found.get(sk)
        if (item !== undefined && (options.filter?.(item) ?? true)) metadata.push(item)
      }
      for (let at = 0; at < metadata.length; at += PARALLEL_READS)
        yield* await reading.settle(await this.#withRevisions(metadata.slice(at, at + PARALLEL_READS), reading))
    }
    reading.end()
  }

  /** Estimates a model: reads hash ranges from its beginning on, until it has enough of it or all. */
  sample(model: string, minBytes: number, minResources: number): Promise<Sample> {
    return sampleModel((kind, range) => this.#pages(kind, model, range), minBytes, minResources)
  }

  /** True where the model has neither metadata nor revisions. */
  async isEmpty(model: string): Promise<boolean> {
    const { shards } = this.#models.get(model)
    const partitions = Array.from({ length: shards }, (_, shard) => shard).flatMap((shard) => [
      metadataPartition(model, shard),
      revisionPartition(model, shard),
    ])
    const counts = await pMap(
      partitions,
      async (partition) => {
        const { Count = 0 } = await this.#client.send(
          new QueryCommand({
            TableName: this.#table,
            ConsistentRead: true,
            KeyConditionExpression: '#pk = :pk',
            ExpressionAttributeNames: { '#pk': 'pk' },
            ExpressionAttributeValues: { ':pk': { S: partition } },
            Select: 'COUNT',
            Limit: 1,
          }),
        )
        return Count
      },
      { concurrency: PARALLEL_READS },
    )
    return counts.every((count) => count === 0)
  }

  async getMetadata(model: string, id: string): Promise<Item | undefined> {
    return this.#get(metadataKey(model, id, this.#models.get(model).shards))
  }

  /** All revisions of one resource, in the order of their sort keys. */
  async getRevisions(model: string, id: string): Promise<Item[]> {
    const items: Item[] = []
    for await (const page of this.#revisionPages(model, id)) items.push(...page)
    return items
  }

  /** Which of these ids have metadata. */
  async existing(model: string, ids: readonly string[]): Promise<Set<string>> {
    const { shards } = this.#models.get(model)
    const keys = [...new Set(ids)].map((id) => metadataKey(model, id, shards))
    const items = await batchGet(this.#client, this.#table, keys, ['resource_id'])
    return new Set(items.map((item) => new MetadataView(item).resourceId))
  }

  /** The job that wrote an item; undefined where there is no item, or where someone else has written it since. */
  async appliedBy(key: Key): Promise<string | undefined> {
    const item = await this.#get(key)
    return item === undefined ? undefined : new RevisionView(item).appliedBy
  }

  /** A revision's payload, inline or spilled. Undefined where its item has none. Throws as `PayloadStore.get` does. */
  async payload(revision: Item): Promise<Buffer | undefined> {
    const payload = await payloadOf(new RevisionView(revision), (sha256) => this.#payloads.get(sha256))
    return payload === undefined ? undefined : Buffer.from(payload)
  }

  writer(options: WriterOptions = {}): ResourceWriter {
    return new ResourceWriter(this.#client, this.#table, options)
  }

  #reading(model: string, options: ReadOptions): ResourceReading {
    const reading: Reading = {
      model,
      metadata: (id) => this.getMetadata(model, id),
      revisionPages: (id) => this.#revisionPages(model, id),
      delay: this.#delay,
    }
    return new ResourceReading(reading, options)
  }

  /** Metadata that the filter takes, each with its revisions, which are read beside each other. */
  async *#matches(
    pages: AsyncIterable<readonly Item[]>,
    filter: (metadata: Item) => boolean,
    reading: ResourceReading,
  ): AsyncGenerator<readonly JoinedResource[]> {
    for await (const page of pages) {
      const matches = page.filter(filter)
      for (let from = 0; from < matches.length; from += PARALLEL_READS)
        yield await this.#withRevisions(matches.slice(from, from + PARALLEL_READS), reading)
    }
  }

  #withRevisions(metadata: readonly Item[], reading: ResourceReading): Promise<JoinedResource[]> {
    return pMap(metadata, (item) => reading.join(item), { concurrency: PARALLEL_READS })
  }

  #pages(
    kind: 'm' | 'r',
    model: string,
    range: SortKeyRange,
    options: QueryOptions = {},
  ): AsyncGenerator<readonly Item[]> {
    const partition = kind === 'm' ? metadataPartition : revisionPartition
    const partitions = shardsOf(range, this.#models.get(model).shards).map((shard) => partition(model, shard))
    return queryPages(this.#client, this.#table, partitions, range, options)
  }

  #revisionPages(model: string, id: string): AsyncGenerator<readonly Item[]> {
    const sk = metadataSortKey(id)
    const partition = revisionPartition(model, shardOf(sk, this.#models.get(model).shards))
    // `0` is the character after `/`: no other id's keys lie between.
    return queryPages(this.#client, this.#table, [partition], { fromSk: `${sk}/`, toSk: `${sk}0` })
  }

  async #get({ pk, sk }: Key): Promise<Item | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: { pk: { S: pk }, sk: { S: sk } }, ConsistentRead: true }),
    )
    return item
  }
}

/** Pages up to the first item at whose place the reading ends. */
async function* upTo(
  pages: AsyncIterable<readonly Item[]>,
  until: ReadOptions['until'] = () => false,
): AsyncGenerator<readonly Item[]> {
  for await (const page of pages) {
    const end = page.findIndex((item) => until(hashKeyOfSortKey(sortKeyOf(item))))
    yield end === -1 ? page : page.slice(0, end)
    if (end !== -1) return
  }
}
