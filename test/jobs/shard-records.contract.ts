import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ShardRecords } from '../../shared/jobs/aws/shard-records.ts'
import type { TestServers } from '../services.ts'

const written = (shards: number) => ({ shards, withoutData: false })

/** What every store of shard records must do, whatever server it uses. */
export const shardRecordsContract = (start: () => Promise<TestServers>): void => {
  describe('the records of the numbers of shards', () => {
    let servers: TestServers
    let records: ShardRecords
    beforeAll(async () => {
      servers = await start()
      records = new ShardRecords(servers.dynamo, servers.config.tables.jobs)
    })
    afterAll(() => servers.stop())

    it('keep the first number of a model and never expire', async () => {
      expect(await records.store('a', written(16))).toBe(true)
      expect(await records.store('a', written(4))).toBe(false)
      expect(await records.store('b', written(8))).toBe(true)
      expect(await records.find(['a', 'b', 'c'])).toEqual(
        new Map([
          ['a', written(16)],
          ['b', written(8)],
        ]),
      )
      const { Item: item } = await servers.dynamo.send(
        new GetItemCommand({
          TableName: servers.config.tables.jobs,
          Key: { pk: { S: 'shards#a' }, sk: { S: 'shards' } },
        }),
      )
      expect(item).toEqual({ pk: { S: 'shards#a' }, sk: { S: 'shards' }, shards: { N: '16' } })
    })

    it('replace a number only if it is still the number that was read', async () => {
      await records.store('replaced', written(16))
      expect(await records.store('replaced', written(4), 8)).toBe(false)
      expect(await records.store('replaced', written(4), 16)).toBe(true)
      expect(await records.find(['replaced'])).toEqual(new Map([['replaced', written(4)]]))
    })

    it('state whether the model had data', async () => {
      await records.store('empty', { shards: 16, withoutData: true })
      expect(await records.find(['empty'])).toEqual(new Map([['empty', { shards: 16, withoutData: true }]]))
      expect(await records.store('empty', written(16), 16)).toBe(true)
      expect(await records.find(['empty'])).toEqual(new Map([['empty', written(16)]]))
    })

    it('are read for more models than one request returns', async () => {
      const models = Array.from({ length: 130 }, (_, k) => `many-${k}`)
      for (const model of models) await records.store(model, written(2))
      expect((await records.find(models)).size).toBe(130)
      expect((await records.find([])).size).toBe(0)
    })
  })
}
