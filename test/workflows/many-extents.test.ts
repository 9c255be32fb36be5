import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { writeToStore, buildResource } from './sample-store.ts'
import { startRunnerWithSample } from './start-runner.ts'

const MODELS = ['city', 'country', 'memo']
let archive: Buffer
// A pass ends after each digest bucket. Thus there are as many extents as resources: more than an inline map accepts.
const runner = await startRunnerWithSample({ limits: { seenBlobs: 0 } })
beforeAll(async () => {
  archive = (await runner.export(MODELS)).archive
  await runner.wipe()
})
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

describe('a restore whose map of records is distributed', () => {
  it('is rolled back after a conflict, although the map does not report the error of its map item', async () => {
    const theirs = buildResource(runner.services.models, { model: 'city', id: 'c', payloads: [{ name: 'theirs' }] })
    runner.beforeStage('apply-records', () => writeToStore(runner.clients, theirs))
    const job = await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect(job.planned?.['apply-records']).toBeGreaterThan(8)
    expect(job).toMatchObject({ phase: 'rollback', error: { type: 'conflict', status: 409, id: 'c' } })
    expect((await runner.contents()).items.size).toBe(theirs.items.length)
  })

  it('is not rolled back after any other error, and fails with that error', async () => {
    runner.beforeStage('apply-records', (jobId) => runner.services.leases.held(MODELS, jobId).drain())
    const job = await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({
      phase: 'apply-records',
      status: 'failed',
      error: { title: 'The restore lost its lease on the model' },
    })
  })
})
