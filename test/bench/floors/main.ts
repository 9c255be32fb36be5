import process from 'node:process'
import * as z from 'zod'
import { openLocalStores } from '../../../infra/local/stores/local-stores.ts'
import type { Item } from '../../../shared/tables/item.ts'
import { hasLargeBlobs, Size } from '../content/data-sets.ts'
import { blobKeyOf, blobsOf, itemsOf, MODEL, sampleOf } from '../content/sample.ts'
import { answerRequests } from '../processes/answer-requests.ts'
import type { FloorStore } from './floor.ts'
import { FLOORS } from './floors.ts'

const Settings = z.object({
  floor: z.string(),
  size: Size,
  partitions: z.array(z.string()),
  blobKeys: z.array(z.string()),
})

const openStore = async ({ size, partitions, blobKeys }: z.output<typeof Settings>): Promise<FloorStore> => {
  const { dynamo, s3, config, models } = await openLocalStores(process.env)
  let items: readonly Item[] | undefined
  let blobs: readonly { readonly key: string; readonly bytes: Buffer }[] | undefined
  return {
    dynamo,
    s3,
    table: config.tables.resources,
    blobBucket: config.buckets.blobs,
    workBucket: config.buckets.work,
    partitions,
    items: () =>
      (items ??= sampleOf(models, size)
        .flatMap((sample) => itemsOf(models.get(MODEL), sample))
        .toArray()),
    blobKeys,
    blobBytes: size.blobBytes,
    areBlobsLarge: hasLargeBlobs(size),
    blobs: () =>
      (blobs ??= blobsOf(size)
        .map((blob) => ({ key: blobKeyOf(blob), bytes: blob.bytes }))
        .toArray()),
  }
}

/** Runs one floor in this process, as often as it is requested. */
const settings = Settings.parse(JSON.parse(process.argv[2] ?? '{}'))
const floor = FLOORS[settings.floor]
if (floor === undefined) throw new Error(`there is no floor ${settings.floor}`)
const store = await openStore(settings)
answerRequests({
  /** Generates what the floor writes. This does not belong to its time. */
  prepare: () => {
    floor.prepare?.(store)
    return Promise.resolve()
  },
  /** Returns the seconds. */
  run: async () => {
    const start = performance.now()
    await floor.run(store)
    return (performance.now() - start) / 1000
  },
})
