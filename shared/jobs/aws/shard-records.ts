import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Key, keyAttributes, keyOf } from '../../tables/item.ts'
import { JobTable } from './job-table.ts'

/** The stored number of shards of a model. */
export interface StoredShards {
  readonly shards: number
  /** True if the model had no data when the number was stored. The number is then only the one of the registry. */
  readonly withoutData: boolean
}

/** Stores, for each model, the number of shards with which its data was written. The records never expire. */
export class ShardRecords {
  readonly #items: JobTable

  constructor(client: DynamoDBClient, table: string) {
    this.#items = new JobTable(client, table)
  }

  /**
   * Returns the stored number of shards of each model. Omits models without a record. One request reads up to 100
   * models.
   */
  async find(models: readonly string[]): Promise<ReadonlyMap<string, StoredShards>> {
    const modelOf = new Map(models.map((model) => [recordKey(model).pk, model]))
    const items = await this.#items.find(models.map(recordKey))
    return new Map(
      items.map((item) => [
        modelOf.get(keyOf(item).pk) ?? '',
        { shards: Number(item['shards']?.N), withoutData: item['without_data']?.BOOL === true },
      ]),
    )
  }

  /**
   * Stores the number of shards of a model, and returns true. If another job has changed the record in the meantime,
   * stores nothing and returns false. `replaced` is the number that the caller has read, or `undefined` if there was no
   * record.
   */
  store(model: string, { shards, withoutData }: StoredShards, replaced?: number): Promise<boolean> {
    const item = {
      ...keyAttributes(recordKey(model)),
      shards: { N: shards.toString() },
      ...(withoutData ? { without_data: { BOOL: true } } : {}),
    }
    if (replaced === undefined) return this.#items.putAbsent(item)
    const values = { ':replaced': { N: replaced.toString() } }
    return this.#items.putWhere(item, '#shards = :replaced', { '#shards': 'shards' }, values)
  }
}

const recordKey = (model: string): Key => ({ pk: `shards#${model}`, sk: 'shards' })
