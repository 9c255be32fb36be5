import type { DynamoDBClient, QueryCommandInput, ScanCommandInput } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { ResourceKeys } from '../../shared/resources/aws/resource-keys.ts'
import { ResourceTable } from '../../shared/resources/aws/resource-table.ts'
import { parseModels } from '../../shared/resources/models.ts'
import { type Key, keyAttributes, keyOf } from '../../shared/tables/item.ts'

type Input = Partial<QueryCommandInput & ScanCommandInput>
interface Page {
  readonly items: readonly Key[]
  readonly last?: Key
}

/** A client that answers each request with the page that `answer` returns. */
const clientOf = (answer: (input: Input) => Page): DynamoDBClient =>
  ({
    send: ({ input }: { input: Input }) => {
      const { items, last } = answer(input)
      return Promise.resolve({
        Items: items.map(keyAttributes),
        Count: items.length,
        ...(last === undefined ? {} : { LastEvaluatedKey: keyAttributes(last) }),
      })
    },
  }) as unknown as DynamoDBClient

// DynamoDB may return a page without items before the end. Only the end has no `LastEvaluatedKey`.
describe('a page without items that is not the end', () => {
  const first = { pk: 'city#m#0', sk: 'a' }
  const second = { pk: 'city#m#1', sk: 'b' }

  it('does not end the list of the partitions', async () => {
    const keys = new ResourceKeys(
      clientOf(({ Segment, ExclusiveStartKey }) => {
        if (Segment !== 0) return { items: [] }
        if (ExclusiveStartKey === undefined) return { items: [], last: first }
        return keyOf(ExclusiveStartKey).pk === first.pk ? { items: [second], last: second } : { items: [] }
      }),
      'resources',
    )
    expect(await keys.partitionKeys({})).toEqual([second.pk])
  })

  it('does not make a partition empty', async () => {
    const models = parseModels('{"city":{}}', 'models.json')
    const table = (isEmpty: boolean): ResourceTable =>
      new ResourceTable(
        clientOf(({ ExclusiveStartKey }) => {
          if (ExclusiveStartKey === undefined) return { items: [], last: first }
          return { items: isEmpty ? [] : [first] }
        }),
        'resources',
        models,
      )
    expect(await table(false).isEmpty(first.pk)).toBe(false)
    expect(await table(true).isEmpty(first.pk)).toBe(true)
  })
})

describe('the list of the partitions', () => {
  it('is undefined if the server rejects a start key without an item', async () => {
    const rejection = Object.assign(new Error('The provided starting key is invalid'), { name: 'ValidationException' })
    const keysOf = (error: Error): ResourceKeys => {
      const client = { send: () => Promise.reject(error) } as unknown as DynamoDBClient
      return new ResourceKeys(client, 'resources')
    }
    expect(await keysOf(rejection).partitionKeys({})).toBeUndefined()
    await expect(keysOf(new Error('other')).partitionKeys({})).rejects.toThrow('other')
  })
})
