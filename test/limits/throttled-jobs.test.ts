import process from 'node:process'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { dynamodb, oneShardModels, s3, UNLIMITED } from './offers.ts'
import { roundTripWithinLimits, type Scenario } from './round-trip.ts'

let models: Awaited<ReturnType<typeof oneShardModels>>
beforeAll(async () => {
  models = await oneShardModels()
})
afterAll(() => models.remove())

describe('an export and a restore', () => {
  it.each<[string, () => Scenario]>([
    [
      '64 workers request more than the table offers',
      () => ({
        dynamodb: dynamodb(100, UNLIMITED),
        onlyResources: true,
        s3: s3(UNLIMITED, UNLIMITED),
        children: 64,
        functions: 1000,
        size: { resources: 1_500, blobBytes: 1_000_000 },
        limits: { rangeBytes: 10_000 },
        bottleneck: 'table specstar-resources',
      }),
    ],
    [
      '12 workers request more than one partition offers, and only 10 functions may run',
      () => ({
        dynamodb: dynamodb(UNLIMITED, 50),
        s3: s3(UNLIMITED, UNLIMITED),
        children: 12,
        functions: 10,
        size: { resources: 800, blobBytes: 500_000 },
        limits: { rangeBytes: 20_000 },
        models_file: models.path,
        bottleneck: 'partition specstar-resources',
      }),
    ],
    [
      '12 workers request more than the prefixes of S3 offer',
      () => ({
        dynamodb: dynamodb(UNLIMITED, UNLIMITED),
        s3: s3(15, 30),
        children: 12,
        functions: 1000,
        size: { resources: 100, blobBytes: 12_000_000 },
        limits: { rangeBytes: 1_000_000, blobsPerRange: 20 },
        bottleneck: '',
      }),
    ],
  ])(
    'succeed, repeat no pass and use 85 percent of what is offered if %s',
    async (name, scenario) => {
      const log = (figures: string): void => void process.stdout.write(`${name}: ${figures}\n`)
      await roundTripWithinLimits(scenario(), log)
    },
    600_000,
  )
})
