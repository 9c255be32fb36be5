import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { paginateScan } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { startDemoProgram } from '../../infra/local/demo/demo-program.ts'
import { fillWith } from '../../infra/local/seed/fill.ts'
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
 * Export and restore beside their raw limit, on the same store and in the same run: `rounds` times read raw, export, write
 * raw, restore. The program runs in its own processes; the raw side runs in this one.
 */
export const benchStore = async (size: Size, rounds: number, say: (line: string) => void): Promise<StoreBench> => {
  const folder = await mkdtemp(join(tmpdir(), 'specstar-bench-'))
  const program = await startDemoProgram(folder)
  try {
    const stores = await openLocalStores(program.env)
    const filled = await fillWith(stores, largeSample(stores.models, size), () => undefined)
    const content = await contentOf(stores)
    const figures = new Figures()
    // The first round warms caches and compilers of all processes: it is not counted.
    for (let round = 0; round <= rounds; round++)
      await oneRound(program.url, stores, content, round, round === 0 ? new Figures() : figures, say)
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
  say: (line: string) => void,
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
    const began = performance.now()
    await work()
    figures.add(name, (performance.now() - began) / 1000)
  }
  const job = async (name: string, path: string, body: object): Promise<TimedJob> => {
    const done = await timedJob(url, path, body)
    figures.add(name, done.seconds)
    for (const [phase, seconds] of Object.entries(done.phases)) figures.add(`${name}: ${phase}`, seconds)
    say(`round ${round}: ${name} ${done.seconds.toFixed(1)} s`)
    return done
  }
  const readRaw = async (): Promise<void> => {
    await time('raw scan, 4 segments', () => scanSegments(dynamo, table, 4))
    await time('raw query', () => readPartitions(dynamo, table, partitions))
    await time('raw copy of blobs', () => copyBlobs(s3, config.buckets.blobs, config.buckets.work, blobs))
    await time('raw read of blobs', () => readBlobs(s3, config.buckets.blobs, blobs))
  }
  // Neither side is always the one that comes second.
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
