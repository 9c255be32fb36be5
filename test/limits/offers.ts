import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import type { Offer } from './limited-store.ts'

/** More than any test requests. */
export const UNLIMITED = 1e9

/**
 * Returns limits of tables and partitions. A write of 1 KB costs as much as a read of 2 KB, not of 12 KB as on AWS, so
 * that a restore does not take 12 times as long as an export. Unused units are lost after one second.
 */
export const dynamodb = (tableUnits: number, partitionUnits: number): Offer['dynamodb'] => ({
  tableUnits,
  partitionUnits,
  writeCost: 0.5,
  creditSeconds: 1,
  latencyMs: 5,
})

/** Returns limits of prefixes. The latency is shorter than on AWS, so that tests are faster. */
export const s3 = (writesPerSecond: number, readsPerSecond: number): Offer['s3'] => ({
  writesPerSecond,
  readsPerSecond,
  latencyMs: 20,
})

/** A model registry in a temporary folder. */
interface ModelsFile {
  readonly path: string
  remove(): Promise<void>
}

/** Writes the models with one shard each, so that all revisions of a model are in one partition. */
export const oneShardModels = async (): Promise<ModelsFile> => {
  const own = await readFile(new URL('../../shared/models.json', import.meta.url), 'utf8')
  const models = Object.entries(z.record(z.string(), z.looseObject({})).parse(JSON.parse(own)))
  const folder = await mkdtemp(join(tmpdir(), 'specstar-limits-'))
  const path = join(folder, 'models.json')
  await writeFile(
    path,
    JSON.stringify(Object.fromEntries(models.map(([name, model]) => [name, { ...model, shards: 1 }]))),
  )
  return { path, remove: () => rm(folder, { recursive: true }) }
}
