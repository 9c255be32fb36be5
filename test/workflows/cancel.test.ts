import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import { hasEnded } from '../../shared/jobs/job.ts'
import { type StoreContents, stableContents, unfinishedUploads } from '../contents.ts'
import { writeToStore, sampleStore, buildResource, combine } from './sample-store.ts'
import { JobFailedError } from './workflow-runner.ts'
import { startRunner } from './start-runner.ts'

const RESOURCES = 1_500

const runner = await startRunner({ limits: { watchMs: 10 } })
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

const written = async (): Promise<number> => (await runner.contents()).items.size

describe('a restore that is cancelled during a pass', () => {
  it('writes nothing after the response to the cancellation', async () => {
    const memos = Array.from({ length: RESOURCES }, (_, k) =>
      buildResource(runner.services.models, { model: 'memo', id: `memo ${k}`, payloads: [{ text: `${k}` }] }),
    )
    await writeToStore(runner.clients, combine(...memos))
    const { archive } = await runner.export(['memo'])
    await runner.wipe()
    const { job_id } = await runner.startRestore(archive)
    while ((await written()) < 20) await sleep(5)
    expect(await cancelJob(runner.services, job_id)).toMatchObject({ status: 'cancelled' })
    const count = await written()
    expect(count).toBeLessThan(2 * RESOURCES)
    await sleep(300)
    expect(await written()).toBe(count)
    expect(await runner.services.leases.holderOf('memo')).toBeUndefined()
    expect((await runner.restore(archive)).result).toMatchObject({ verification: { passed: true } })
  })
})

const MODELS = ['city', 'country', 'memo']

/** Cancels the next job before `stage` begins. Returns the job's id after the job's last handler has returned. */
const cancelledAt = (stage: string): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  runner.beforeStage(stage, async (jobId) => {
    cancelJob(runner.services, jobId).then(() => {
      resolve(jobId)
    }, reject)
    for (let job = await runner.services.jobs.get(jobId); job !== undefined && !hasEnded(job);) {
      await sleep(5)
      job = await runner.services.jobs.get(jobId)
    }
  })
  return promise
}

describe('a cancelled export', () => {
  it.each([
    'plan-export',
    'export-records',
    'plan-export-blobs',
    'export-blobs',
    'plan-compose',
    'compose-parts',
    'finish-compose',
  ])('before %s leaves neither an archive nor parts of an archive, and the next export is complete', async (stage) => {
    await writeToStore(runner.clients, sampleStore(runner.services.models))
    const cancelled = cancelledAt(stage)
    await expect(runner.export(MODELS)).rejects.toThrow(JobFailedError)
    const job = await runner.services.jobs.get(await cancelled)
    expect(job).toMatchObject({ status: 'cancelled' })
    expect(job).not.toHaveProperty('result')
    expect(await unfinishedUploads(runner.clients)).toEqual([])
    expect((await runner.export(MODELS)).job).toMatchObject({ status: 'succeeded', result: { complete: true } })
  })
})

describe('a cancelled restore', () => {
  let archive: Buffer
  let original: StoreContents
  beforeAll(async () => {
    await writeToStore(runner.clients, sampleStore(runner.services.models))
    original = await runner.contents()
    archive = (await runner.export(MODELS)).archive
    await runner.wipe()
  })

  it.each([
    ['inspect', false],
    ['preflight', false],
    ['plan-preflight-blobs', false],
    ['preflight-blobs', false],
    ['decide', false],
    // A blob may be written before the stage detects the cancellation.
    ['apply-blobs', undefined],
    ['plan-apply-records', true],
    ['apply-records', true],
    ['plan-verify', true],
    ['verify', true],
    ['report', true],
  ])(
    'before %s writes nothing more and releases its leases, and the next restore succeeds',
    async (stage, hasWritten) => {
      const cancelled = cancelledAt(stage)
      const { job_id } = await runner.startRestore(archive)
      expect(await cancelled).toBe(job_id)
      expect(await runner.services.jobs.get(job_id)).toMatchObject({ status: 'cancelled' })
      const left = await runner.contents()
      if (hasWritten !== undefined) expect(left.items.size + left.objects.size > 0).toBe(hasWritten)
      for (const model of MODELS) expect(await runner.services.leases.holderOf(model)).toBeUndefined()
      expect(await unfinishedUploads(runner.clients)).toEqual([])
      await sleep(50)
      expect(await runner.contents()).toEqual(left)
      expect(await runner.restore(archive)).toMatchObject({
        status: 'succeeded',
        result: { verification: { passed: true } },
      })
      expect(stableContents(await runner.contents())).toEqual(stableContents(original))
    },
  )
})
