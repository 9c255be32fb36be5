import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** A key attribute of a table. Its type is `S`, `N` or `B`. */
export interface KeyAttribute {
  readonly name: string
  readonly type: string
}

/** Reads the settings of tables. */
export class TableDescriptions {
  readonly #client: DynamoDBClient

  constructor(client: DynamoDBClient) {
    this.#client = client
  }

  /** Returns the partition key and, if the table has one, the sort key. */
  async keysOf(table: string): Promise<readonly KeyAttribute[]> {
    const { Table } = await this.#client.send(new DescribeTableCommand({ TableName: table }))
    const types = new Map(
      (Table?.AttributeDefinitions ?? []).map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
    )
    return ['HASH', 'RANGE'].flatMap((kind) => {
      const name = Table?.KeySchema?.find(({ KeyType }) => KeyType === kind)?.AttributeName
      return name === undefined ? [] : [{ name, type: types.get(name) ?? 'unknown' }]
    })
  }
}
