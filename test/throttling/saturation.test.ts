import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb'
import { AdaptiveRetryStrategy, StandardRetryStrategy } from '@smithy/core/retry'
import type { RetryStrategyV2 } from '@smithy/types'
import { mean } from 'simple-statistics'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dynamoDB } from '../../shared/runtime/clients.ts'
import { withCallBudget } from '../../shared/throttling/call-context.ts'
import { fakeService, THROTTLED } from './fake-service.ts'
import { Partition } from './partition.ts'
import { VirtualClock } from './virtual-clock.ts'

const CONFIG = {
  region: 'eu-west-1',
  endpoint: 'http://localhost:1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
}
const LATENCY_MS = 40
/** The time for which a call of a worker may be repeated: 15 minutes without the time for storing the result. */
const BUDGET_MS = 837_000

const withStrategy = (retryStrategy: RetryStrategyV2) => new DynamoDBClient({ ...CONFIG, retryStrategy })

let clock: VirtualClock
beforeAll(async () => {
  // The first call of a process loads modules, for which a virtual clock would not wait.
  const client = dynamoDB(CONFIG)
  fakeService(client, () => ({ status: 200, body: '{"Items":[]}' }))
  await client.send(new QueryCommand({ TableName: 'resources' }))
})
beforeEach(() => {
  clock = VirtualClock.install()
})
afterEach(() => {
  clock.uninstall()
})

interface Load {
  readonly workers: number
  /** The number of pages that each worker reads at the same time. */
  readonly parallel: number
  readonly seconds: number
  readonly burstSeconds: number
  readonly client?: () => DynamoDBClient
}

/** Reads pages of one partition with many workers, each with its own client. Counts the calls that failed. */
const read = async ({ workers, parallel, seconds, burstSeconds, client = () => dynamoDB(CONFIG) }: Load) => {
  const partition = new Partition(clock, burstSeconds)
  let failed = 0
  const work = async (): Promise<void> => {
    const own = client()
    fakeService(own, async () => {
      await clock.sleep(LATENCY_MS)
      return partition.read() ? { status: 200, body: '{"Items":[]}' } : THROTTLED.dynamoDb
    })
    const readPages = async (): Promise<void> => {
      while (clock.now < seconds * 1_000) {
        await own.send(new QueryCommand({ TableName: 'resources' })).catch(() => {
          failed += 1
        })
      }
    }
    await withCallBudget({ ms: BUDGET_MS }, () => Promise.all(Array.from({ length: parallel }, readPages)))
  }
  const all = Promise.all(Array.from({ length: workers }, work))
  // The result is taken at the end of the period, before the last calls have ended.
  await clock.run(clock.sleep(seconds * 1_000))
  const { utilisation, served, throttled } = partition
  await clock.run(all)
  return { utilisation, failed, attemptsPerPage: (served + throttled) / served }
}

describe('a partition of which workers request more than it serves', () => {
  it.each([
    { workers: 1, parallel: 2, burstSeconds: 300 },
    { workers: 12, parallel: 2, burstSeconds: 300 },
    { workers: 64, parallel: 2, burstSeconds: 300 },
    // Without burst credit, units that are not used at once are lost.
    { workers: 1, parallel: 64, burstSeconds: 1 },
    { workers: 12, parallel: 2, burstSeconds: 1 },
    { workers: 64, parallel: 4, burstSeconds: 1 },
  ])(
    'is used to at least 95 % by $workers workers with $parallel reads each, and no call fails (burst: $burstSeconds s)',
    async (load) => {
      const { utilisation, failed, attemptsPerPage } = await read({ ...load, seconds: 60 })
      expect(utilisation).toBeGreaterThan(0.95)
      expect(failed).toBe(0)
      expect(attemptsPerPage).toBeLessThan(15)
    },
  )

  it('would fail calls with the standard strategy of the SDK', async () => {
    const client = () => withStrategy(new StandardRetryStrategy(5))
    const { failed } = await read({ workers: 12, parallel: 2, burstSeconds: 1, seconds: 30, client })
    expect(failed).toBeGreaterThan(5)
  })

  it('would be used to the same extent with the adaptive strategy of the SDK', async () => {
    const client = () => withStrategy(new AdaptiveRetryStrategy(() => Promise.resolve(1_000)))
    const { utilisation } = await read({ workers: 12, parallel: 2, burstSeconds: 1, seconds: 60, client })
    expect(utilisation).toBeGreaterThan(0.95)
  })
})

describe('a throttled table', () => {
  /** The time for 20 reads of the job table, one after the other, while 16 calls read the throttled resource table. */
  const timeOfJobReads = async (client: DynamoDBClient): Promise<number> => {
    const partition = new Partition(clock, 1)
    fakeService(client, async (_attempt, body) => {
      await clock.sleep(LATENCY_MS)
      return body.includes('jobs') || partition.read() ? { status: 200, body: '{"Items":[]}' } : THROTTLED.dynamoDb
    })
    const work = async (): Promise<number> => {
      let isReading = true
      const load = Array.from({ length: 16 }, async () => {
        while (isReading) await client.send(new QueryCommand({ TableName: 'resources' })).catch(() => undefined)
      })
      await clock.sleep(20_000)
      const startedAt = clock.now
      for (let n = 0; n < 20; n++) await client.send(new QueryCommand({ TableName: 'jobs' }))
      const time = clock.now - startedAt
      isReading = false
      await Promise.all(load)
      return time
    }
    return clock.run(withCallBudget({ ms: BUDGET_MS }, work))
  }

  it('does not slow down the other tables of the client, as it would with the adaptive strategy of the SDK', async () => {
    expect(await timeOfJobReads(dynamoDB(CONFIG))).toBe(20 * LATENCY_MS)
    // The strategy waits for random times, so a single run can be fast.
    const times: number[] = []
    for (let run = 0; run < 5; run++)
      times.push(await timeOfJobReads(withStrategy(new AdaptiveRetryStrategy(() => Promise.resolve(1_000)))))
    expect(mean(times)).toBeGreaterThan(2 * 20 * LATENCY_MS)
  })
})
