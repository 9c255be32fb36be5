import { beforeAll, expect, it } from 'vitest'
import { BlobStore } from '../../../shared/blobs/blob-store.ts'
import { PayloadStore } from '../../../shared/blobs/payload-store.ts'
import { ObjectStore } from '../../../shared/objects/aws/object-store.ts'
import { ResourceStore } from '../../../shared/resources/aws/resource-store.ts'
import { countries } from '../../../infra/local/seed/countries.ts'
import { writeResources } from '../../../infra/local/seed/seed-store.ts'
import { type StoreContents, readContents, stableContents, wipe } from '../../contents.ts'
import type { DeployTest } from '../deploy-test.ts'
import { SETTINGS } from '../settings.ts'

/** A map with more items runs its items as child executions of a distributed map. */
const MAX_INLINE_ITEMS = 8
/** With the limits of the deployed app, so many countries and their blobs need at least nine map items each. */
const COUNTRIES = 60

/** Jobs whose stages have many map items, because the limits of the deployed app are small. */
export const distributedMaps = (test: () => DeployTest): void => {
  let before: StoreContents
  let exportId: string

  beforeAll(async () => {
    const { main, models } = test()
    const { dynamo, s3, config } = main.clients
    await wipe(main.clients)
    const objects = new ObjectStore(s3)
    const stores = {
      models,
      resources: new ResourceStore(dynamo, config.tables.resources, models),
      blobs: new BlobStore(objects, config.buckets.blobs),
      payloads: new PayloadStore(objects, config.buckets.blobs),
    }
    await writeResources(stores, countries(models.get('country')).take(COUNTRIES), () => undefined)
    before = await readContents(main.clients)
  })

  it('exports the sample data in child executions', async () => {
    const { main } = test()
    const job = await (await main.api()).run('GET', '/_backup/export')
    expect(job).toMatchObject({ status: 'succeeded', result: { complete: true } })
    exportId = job.job_id
    await expectMapRuns(test(), 'export', exportId)
  })

  it('restores the sample data byte for byte in child executions', async () => {
    const { main } = test()
    await wipe(main.clients)
    const job = await (await main.api()).run('POST', '/_backup/import', { from: { job_id: exportId } })
    expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    expect(stableContents(await readContents(main.clients))).toEqual(stableContents(before))
    await expectMapRuns(test(), 'restore', job.job_id)
  })
}

/** Expects that at least two stages of a job ran as distributed maps, and that all their children succeeded. */
const expectMapRuns = async ({ main }: DeployTest, kind: 'export' | 'restore', jobId: string): Promise<void> => {
  const runs = await main.execution(kind, jobId).mapRuns()
  expect(runs.length).toBeGreaterThanOrEqual(2)
  for (const { status, maxConcurrency, executionCounts } of runs) {
    expect(status).toBe('SUCCEEDED')
    expect(maxConcurrency).toBe(SETTINGS.max_concurrency)
    expect(executionCounts.total).toBeGreaterThan(MAX_INLINE_ITEMS)
    expect(executionCounts.succeeded).toBe(executionCounts.total)
  }
}
