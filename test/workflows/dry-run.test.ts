import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Item } from '../../shared/tables/item.ts'
import { nth, findResource } from './catalogue.ts'
import { writeToStore, sampleStore, buildResource } from './sample-store.ts'
import type { WorkflowRunner } from './workflow-runner.ts'
import { startRunnerWithSample } from './start-runner.ts'

let archive: Buffer
// Each pass reads one resource of the archive. A resource of the target between two of them must be counted by
// exactly one pass.
const runner = await startRunnerWithSample({ limits: { passMs: 1 } })
beforeAll(async () => {
  archive = (await runner.export(['city', 'country'])).archive
})
beforeEach(async () => {
  await runner.wipe()
  await writeToStore(runner.clients, sampleStore(runner.services.models))
})

const dryRun = async (
  request: Parameters<WorkflowRunner['restore']>[1] = {},
  status: 'succeeded' | 'partial' = 'succeeded',
): Promise<unknown> => {
  const job = await runner.restore(archive, { dry_run: true, ...request })
  expect(job).toMatchObject({ status })
  return job.result?.dry_run?.models
}

/** Writes cities that are not in the archive, with id hashes in all ranges. Every second city is torn. */
const addCities = async (count: number): Promise<void> => {
  for (let k = 0; k < count; k++) {
    const { items } = buildResource(runner.services.models, {
      model: 'city',
      id: `extra ${k}`,
      payloads: [{ name: 'S' }],
    })
    const [metadata, ...revisions] = items
    if (metadata !== undefined) await runner.putItems(metadata, ...(k % 2 === 0 ? revisions : []))
  }
}

const current = async (id: string): Promise<Item> =>
  nth(findResource(await runner.contents(), 'city', id).revisions, -1)

describe('a dry run in many passes', () => {
  it('counts each resource once, including torn resources and resources that are not in the archive', async () => {
    await addCities(9)
    await runner.removeItems(await current('c'), await current('f'))
    const gone = findResource(await runner.contents(), 'city', 'b')
    await runner.removeItems(gone.metadata, ...gone.revisions)
    expect(await dryRun()).toEqual({
      city: { new: 1, changed: 2, same: 3, target_only: 9 },
      country: { new: 0, changed: 0, same: 2, target_only: 0 },
    })
  })

  it('counts only resources that the filters accept, including those that are not in the archive', async () => {
    await addCities(4)
    await runner.putItems({
      ...findResource(await runner.contents(), 'city', 'extra 1').metadata,
      created_by: { S: 'eve' },
    })
    expect(await dryRun({ filters: { created_bys: ['alice'] }, models: ['city'] })).toEqual({
      city: { new: 0, changed: 0, same: 6, target_only: 3 },
    })
    const filters = { ids: ['a', 'b', 'extra 0', 'nobody'] }
    expect(await dryRun({ filters, models: ['city'] }, 'partial')).toMatchObject({
      city: { new: 0, changed: 0, same: 2 },
    })
  })
})

describe('a dry run under raise_error', () => {
  it('fails if the restore would fail, and counts if the restore would succeed', async () => {
    const rejected = await runner.restore(archive, { dry_run: true, on_duplicate: 'raise_error' })
    expect(rejected).toMatchObject({ status: 'failed', error: { type: 'duplicates', duplicates: { count: 8 } } })
    await runner.wipe()
    expect(await dryRun({ on_duplicate: 'raise_error' })).toMatchObject({ city: { new: 6, same: 0 } })
  })
})

describe('a dry run of an archive without a blob', () => {
  it('lists the missing blob as the restore does', async () => {
    const { s3, config } = runner.clients
    await s3.send(new DeleteObjectCommand({ Bucket: config.buckets.blobs, Key: 'blobs/arms-d' }))
    const { archive: incomplete } = await runner.export(['city'], {}, false)
    const { result } = await runner.restore(incomplete, { dry_run: true })
    expect(result?.missing_blobs).toMatchObject({ count: 1, ids: ['arms-d'] })
    expect((await runner.restore(incomplete)).result?.missing_blobs).toEqual(result?.missing_blobs)
  })
})
