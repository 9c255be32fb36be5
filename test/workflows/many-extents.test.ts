import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fill, smallWorld, worldWith } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

const MODELS = ['city', 'country', 'memo']
let staged: StagedWorkflows
let archive: Buffer
beforeAll(async () => {
  // A pass ends with every digest bucket: there are as many extents as resources, more than an inline map accepts.
  staged = await StagedWorkflows.start({ limits: { seenBlobs: 0 } })
  await fill(staged.outside, smallWorld(staged.services.models))
  archive = (await staged.export(MODELS)).archive
  await staged.wipe()
})
afterAll(() => staged.stop())
afterEach(async () => {
  await staged.settle()
  await staged.wipe()
})

describe('a restore whose map of records is distributed', () => {
  it('is rolled back after a conflict, although the map does not report the error of its map item', async () => {
    const theirs = worldWith(staged.services.models, { model: 'city', id: 'c', payloads: [{ name: 'theirs' }] })
    staged.before('apply-records', () => fill(staged.outside, theirs))
    const job = await staged.restore(archive, { on_duplicate: 'raise_error' })
    expect(job.planned?.['apply-records']).toBeGreaterThan(8)
    expect(job).toMatchObject({ phase: 'rollback', error: { type: 'conflict', status: 409, id: 'c' } })
    expect((await staged.contents()).items.size).toBe(theirs.items.length)
  })

  it('is not rolled back after any other error, and reports that error', async () => {
    staged.before('apply-records', (jobId) => staged.services.leases.held(MODELS, jobId).drain())
    const job = await staged.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({
      phase: 'apply-records',
      status: 'failed',
      error: { title: 'The restore lost its lease on the model' },
    })
  })
})
