import { it } from 'vitest'
import { dynamodb, oneShardModels, s3, UNLIMITED } from './offers.ts'
import { roundTripWithinLimits } from './round-trip.ts'

it('an export and a restore within limits succeed, repeat no pass and use 85 % of what is offered', async () => {
  const models = await oneShardModels()
  try {
    await roundTripWithinLimits(
      {
        dynamodb: dynamodb(25, UNLIMITED),
        onlyResources: true,
        s3: s3(UNLIMITED, UNLIMITED),
        children: 12,
        functions: 10,
        size: { resources: 150, blobBytes: 200_000 },
        models_file: models.path,
        limits: { rangeBytes: 4_000 },
        bottleneck: 'table specstar-resources',
      },
      () => undefined,
    )
  } finally {
    await models.remove()
  }
}, 120_000)
