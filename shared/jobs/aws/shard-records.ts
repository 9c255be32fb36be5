import { ConditionalCheckFailedException, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { batchGet } from '../../tables/aws/query.ts'
import { type Key, keyAttributes, keyOf } from '../../tables/item.ts'

/** The stored number of shards of a model. */
export interface StoredShards {
  readonly shards: number
  /** True if the model had no data when the number was stored. The number is then only the one of the registry. */
  readonly withoutData: boolean
}

/** Stores, for each model, the number of shards with which its data was written. The records never expire. */
export class ShardRecords {
  readonly #client: DynamoDBClient
  readonly #table: string

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client
    this.#table = table
  }

  /**
   * Returns the stored number of shards of each model. Omits models without a record. One request reads up to 100
   * models.
   */
  async find(models: readonly string[]): Promise<ReadonlyMap<string, StoredShards>> {
    const modelOf = new Map(models.map((model) => [recordKey(model).pk, model]))
    const items = await batchGet(this.#client, this.#table, models.map(recordKey))
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
  async store(model: string, { shards, withoutData }: StoredShards, replaced?: number): Promise<boolean> {
    try {
      await this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: {
            ...keyAttributes(recordKey(model)),
            shards: { N: shards.toString() },
            ...(withoutData ? { without_data: { BOOL: true } } : {}),
          },
          ...(replaced === undefined
            ? { ConditionExpression: 'attribute_not_exists(#pk)', ExpressionAttributeNames: { '#pk': 'pk' } }
            : {
                ConditionExpression: '#shards = :replaced',
                ExpressionAttributeNames: { '#shards': 'shards' },
                ExpressionAttributeValues: { ':replaced': { N: replaced.toString() } },
              }),
        }),
      )
      return true
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false
      throw error
    }
  }
}

const recordKey = (model: string): Key => ({ pk: `shards#${model}`, sk: 'shards' })
