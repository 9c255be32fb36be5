import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const HOUR_MS = 3600_000

let ahead = 0
let first: Buffer
let second: Buffer
let secondContents: StoreContents
const runner = await startRunner({ clock: () => new Date(Date.now() + ahead) })
beforeAll(async () => {
  const memo = (text: string) => buildResource(runner.services.models, { model: 'memo', id: 'm', payloads: [{ text }] })
  await writeToStore(runner.clients, memo('first'))
  first = (await runner.export(['memo'])).archive
  await writeToStore(runner.clients, memo('second'))
  second = (await runner.export(['memo'])).archive
  secondContents = await runner.contents()
})
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
  ahead = 0
})

/**
 * Restores the first archive. Before `stage` begins, an hour passes, the execution ends without ending its job, and
 * another restore of the model succeeds. The worker of the stage still runs.
 */
const overtakenAt = async (stage: string): Promise<RestoreJob> => {
  let other: RestoreJob | undefined
  runner.beforeStage(stage, async (jobId) => {
    ahead = HOUR_MS
    runner.hideExecution(jobId)
    other = await runner.restore(second)
  })
  const late = await runner.restore(first)
  expect(other).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
  expect(stableContents(await runner.contents())).toEqual(stableContents(secondContents))
  return late
}

describe('a restore whose execution has ended, and whose lease has expired and was taken by another restore', () => {
  it('fails and writes nothing if it resumes before its first write', async () => {
    expect(await overtakenAt('apply-records')).toMatchObject({
      status: 'failed',
      error: {
        type: 'conflict',
        status: 409,
        model: 'memo',
        detail: expect.stringContaining('lost its lease on model memo') as unknown,
      },
    })
  })

  it.each(['plan-verify', 'verify'])(
    'reports its resources as changed since if it resumes before %s',
    async (stage) => {
      const { result } = await overtakenAt(stage)
      const { bucket = '', key = '' } = result?.report ?? {}
      expect(await runner.services.objects.getJson(bucket, key)).toMatchObject({
        passed: true,
        models: { memo: { loaded: 1, changed_since: 1 } },
      })
    },
  )
})

describe('a restore whose workers are throttled for two hours', () => {
  it.each(['preflight', 'apply-records', 'plan-verify', 'verify', 'report'])(
    'keeps its model before %s because its execution is running, and succeeds',
    async (stage) => {
      let other: RestoreJob | undefined
      runner.beforeStage(stage, async () => {
        ahead = 2 * HOUR_MS
        other = await runner.restore(second)
      })
      const job = await runner.restore(first)
      expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
      expect(other).toMatchObject({
        status: 'failed',
        error: {
          type: 'restore-running',
          job_id: job.job_id,
          detail: expect.stringContaining('but its workflow is running') as unknown,
        },
      })
      expect(await runner.restore(second)).toMatchObject({ status: 'succeeded' })
    },
  )
})

/** The time between the last renewal of a lease and the moment at which another restore can take the lease. */
const LEASE_TIME_MS = 19 * 60_000

describe('a restore of which each phase takes almost as long as its lease lasts', () => {
  let archive: Buffer

  beforeAll(async () => {
    const payload = { attachment: { file_id: 'blob', size: 4 } }
    const memo = buildResource(runner.services.models, { model: 'memo', id: 'm', payloads: [payload] })
    await writeToStore(runner.clients, combine(memo, buildBlobs({ blob: Buffer.from('blob') })))
    archive = (await runner.export(['memo'])).archive
    await runner.wipe()
  })

  it.each(['preflight-blobs', 'apply-blobs', 'apply-records', 'verify', 'report'])(
    'still has the lease when %s begins, so another restore fails',
    async (last) => {
      const stages = ['preflight', 'preflight-blobs', 'apply-blobs', 'apply-records', 'verify', 'report']
      let other: RestoreJob | undefined
      for (const stage of stages.slice(0, stages.indexOf(last) + 1))
        runner.beforeStage(stage, async () => {
          ahead += LEASE_TIME_MS - 60_000
          if (stage === last) other = await runner.restore(second)
        })
      expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
      expect(other).toMatchObject({ status: 'failed', error: { type: 'restore-running' } })
    },
  )
})
