import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { paginateScan } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { startDemoProgram } from '../../infra/local/demo/demo-program.ts'
import { writeResources } from '../../infra/local/seed/seed-store.ts'
import { type LocalStores, openLocalStores } from '../../infra/local/stores/local-stores.ts'
import { wipe } from '../../infra/local/stores/wipe-store.ts'
import { metadataPartition, revisionPartition } from '../../shared/resources/keys.ts'
import { largeSample, type Size } from '../large/sample.ts'
import { Figures } from './figures.ts'
import {
  type Blob,
  type Content,
  copyBlobs,
  type Item,
  readBlobs,
  readPartitions,
  scanSegments,
  writeBlobs,
  writeItems,
} from './raw.ts'
import { type TimedJob, timedJob } from './timed-job.ts'

export interface StoreBench {
  readonly items: number
  readonly blobs: number
  readonly megabytes: number
  readonly figures: Figures
}

/**
 * Compares export and restore with raw access to the same store. Each round reads raw, exports, writes raw and
 * restores. The program runs in its own processes, the raw access in this process.
 */
export const benchStore = async (size: Size, rounds: number, log: (line: string) => void): Promise<StoreBench> => {
  const folder = await mkdtemp(join(tmpdir(), 'specstar-bench-'))
  const program = await startDemoProgram(folder)
  try {
    const stores = await openLocalStores(program.env)
    const filled = await writeResources(stores, largeSample(stores.models, size), () => undefined)
    const content = await contentOf(stores)
    const figures = new Figures()
    // The first round is not counted: it fills caches and lets the compilers of all processes optimize.
    for (let round = 0; round <= rounds; round++)
      await oneRound(program.url, stores, content, round, round === 0 ? new Figures() : figures, log)
    return { items: content.items.length, blobs: content.blobs.length, megabytes: filled.bytes / 1_000_000, figures }
  } finally {
    await program.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const oneRound = async (
  url: string,
  stores: LocalStores,
  { items, blobs }: Content,
  round: number,
  figures: Figures,
  log: (line: string) => void,
): Promise<void> => {
  const { dynamo, s3, config, models } = stores
  const table = config.tables.resources
  const partitions = models.names.flatMap((model) =>
    Array.from({ length: models.get(model).shards }, (_, shard) => shard).flatMap((shard) => [
      metadataPartition(model, shard),
      revisionPartition(model, shard),
    ]),
  )
  const time = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const start = performance.now()
    await work()
    figures.add(name, (performance.now() - start) / 1000)
  }
  const job = async (name: string, path: string, body: object): Promise<TimedJob> => {
    const done = await timedJob(url, path, body)
    figures.add(name, done.seconds)
    for (const [phase, seconds] of Object.entries(done.phases)) figures.add(`${name}: ${phase}`, seconds)
    log(`round ${round}: ${name} ${done.seconds.toFixed(1)} s`)
    return done
  }
  const readRaw = async (): Promise<void> => {
    await time('raw scan, 4 segments', () => scanSegments(dynamo, table, 4))
    await time('raw query', () => readPartitions(dynamo, table, partitions))
    await time('raw copy of blobs', () => copyBlobs(s3, config.buckets.blobs, config.buckets.work, blobs))
    await time('raw read of blobs', () => readBlobs(s3, config.buckets.blobs, blobs))
  }
  // The order alternates, because the second side may profit from warm caches.
  if (round % 2 === 0) await readRaw()
  const exported = await job('export', '/_backup/export', { wait: 0 })
  if (round % 2 === 1) await readRaw()

  await wipe(stores)
  await time('raw write of items', () => writeItems(dynamo, table, items))
  await time('raw write of blobs', () => writeBlobs(s3, config.buckets.work, config.buckets.blobs, blobs))
  await wipe(stores)
  await job('restore', '/_backup/import?wait=0&on_duplicate=overwrite', { from: { job_id: exported.jobId } })
}

const contentOf = async ({ dynamo, s3, objects, config }: LocalStores): Promise<Content> => {
  const items: Item[] = []
  const query = { TableName: config.tables.resources, ConsistentRead: true }
  for await (const { Items = [] } of paginateScan({ client: dynamo }, query)) items.push(...Items)
  const blobs: Blob[] = []
  for await (const { key } of objects.list(config.buckets.blobs)) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: config.buckets.blobs, Key: key }))
    blobs.push({ key, bytes: Body instanceof Readable ? await buffer(Body) : Buffer.alloc(0) })
  }
  return { items, blobs }
}
