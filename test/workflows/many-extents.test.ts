import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { EXPORT_BLOBS, EXPORT_RECORDS } from '../../shared/export/messages.ts'
import type { ExportJob, RestoreJob } from '../../shared/jobs/job.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import type { Stage } from '../../shared/jobs/stage.ts'
import { APPLY_RECORDS, ROLLBACK } from '../../shared/restore/messages/apply.ts'
import { PREFLIGHT } from '../../shared/restore/messages/preflight.ts'
import { VERIFY } from '../../shared/restore/messages/verify.ts'
import { stableContents } from '../contents.ts'
import { buildResource, sampleStore, writeToStore } from './sample-store.ts'
import { startRunnerWithSample } from './start-runner.ts'

const MODELS = ['city', 'country', 'memo']
let archive: Buffer
// A pass ends after each digest bucket. Thus there are as many extents as resources: more than an inline map accepts.
const LIMITS_OF_FILE = { ...LIMITS, seenBlobs: 0 }
/** True while the functions of `rollback` die, for example because they have no memory left. They store no problem. */
let isRollbackDying = false
const runner = await startRunnerWithSample({
  limits: LIMITS_OF_FILE,
  callStage: (stage, call) =>
    stage === 'rollback' && isRollbackDying ? Promise.reject(new Error('out of memory')) : call(),
})
beforeAll(async () => {
  archive = (await runner.export(MODELS)).archive
  await runner.wipe()
})
afterEach(async () => {
  isRollbackDying = false
  await runner.freeLeases()
  await runner.wipe()
})

describe('a restore whose map of records is distributed', () => {
  it('is rolled back after a conflict, although the map does not report the error of its map item', async () => {
    const theirs = buildResource(runner.services.models, { model: 'city', id: 'c', payloads: [{ name: 'theirs' }] })
    runner.beforeStage('apply-records', () => writeToStore(runner.clients, theirs))
    const job = await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect(job.planned?.['apply-records']).toBeGreaterThan(8)
    const error = { type: 'conflict', status: 409, id: 'c' }
    expect(job).toMatchObject({ phase: 'rollback', error, rolled_back: true })
    expect((await runner.contents()).items.size).toBe(theirs.items.length)
  })

  it('has not been rolled back if the workers of the rollback die, although its error is the conflict', async () => {
    const theirs = buildResource(runner.services.models, { model: 'city', id: 'c', payloads: [{ name: 'theirs' }] })
    runner.beforeStage('apply-records', () => writeToStore(runner.clients, theirs))
    isRollbackDying = true
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const job = await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({ phase: 'rollback', error: { type: 'conflict' }, rolled_back: false })
  })

  it('is not rolled back after any other error, and fails with that error', async () => {
    runner.beforeStage('apply-records', (jobId) => runner.services.leases.held(MODELS, jobId).drain())
    const job = await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({
      phase: 'apply-records',
      status: 'failed',
      error: { title: 'The restore lost its lease on the model' },
    })
    expect(job).not.toHaveProperty('rolled_back')
  })
})

describe('an export and a restore with more map items than a map may have', () => {
  const limits = { mapItems: 3, rangeBytes: 400, blobsPerRange: 1 }
  beforeEach(() => runner.deploy({}, limits))
  afterEach(() => runner.deploy({}, LIMITS_OF_FILE))

  /** Returns the map items of a stage, sorted. Expects more than `mapItems` of them. */
  const itemsOf = async <Result>(jobId: string, stage: Stage<Result>): Promise<number[]> => {
    const results = await Array.fromAsync(runner.services.jobs.results(jobId, stage))
    return [...new Set(results.map(({ n }) => n))].sort((a, b) => a - b)
  }
  const upTo = (count = 0): number[] => Array.from({ length: count }, (_, n) => n)

  it('process every map item', async () => {
    await writeToStore(runner.clients, sampleStore(runner.services.models))
    const before = stableContents(await runner.contents())
    const exported = await runner.export(MODELS)
    await runner.wipe()
    await runner.deploy({}, { rangeBytes: 1 })
    const restored = await runner.restore(exported.archive)
    expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    expect(stableContents(await runner.contents())).toEqual(before)
    const stages: [ExportJob | RestoreJob, Stage<unknown>][] = [
      [exported.job, EXPORT_RECORDS],
      [exported.job, EXPORT_BLOBS],
      [restored, PREFLIGHT],
      [restored, APPLY_RECORDS],
      [restored, VERIFY],
    ]
    for (const [{ job_id, planned }, stage] of stages) {
      const count = planned?.[stage.name]
      expect.soft(count, stage.name).toBeGreaterThan(limits.mapItems)
      expect.soft(await itemsOf(job_id, stage), stage.name).toEqual(upTo(count))
    }
  })

  it('roll back every map item after a conflict', async () => {
    const theirs = buildResource(runner.services.models, { model: 'city', id: 'c', payloads: [{ name: 'theirs' }] })
    runner.beforeStage('apply-records', () => writeToStore(runner.clients, theirs))
    const job = await runner.restore(archive, { on_duplicate: 'raise_error' })
    const error = { type: 'conflict', status: 409, id: 'c' }
    expect(job).toMatchObject({ phase: 'rollback', error, rolled_back: true })
    expect(await itemsOf(job.job_id, ROLLBACK)).toEqual(upTo(job.planned?.['rollback']))
    expect((await runner.contents()).items.size).toBe(theirs.items.length)
  })
})
