import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import { hasEnded } from '../../shared/jobs/job.ts'
import { type Contents, lasting, unfinishedUploads } from '../contents.ts'
import { fill, smallWorld, worldWith, joinWorlds } from './small-world.ts'
import { JobFailed, StagedWorkflows } from './staged.ts'

const RESOURCES = 1_500

let staged: StagedWorkflows
beforeAll(async () => {
  staged = await StagedWorkflows.start({ limits: { watchMs: 10 } })
})
afterAll(() => staged.stop())
afterEach(async () => {
  await staged.settle()
  await staged.wipe()
})

const written = async (): Promise<number> => (await staged.contents()).items.size

describe('a restore that is cancelled in the middle of a pass', () => {
  it('writes nothing after the cancellation was answered', async () => {
    const memos = Array.from({ length: RESOURCES }, (_, k) =>
      worldWith(staged.services.models, { model: 'memo', id: `memo ${k}`, payloads: [{ text: `${k}` }] }),
    )
    await fill(staged.outside, joinWorlds(...memos))
    const { archive } = await staged.export(['memo'])
    await staged.wipe()
    const { job_id } = await staged.begin(archive)
    while ((await written()) < 20) await sleep(5)
    expect(await cancelJob(staged.services, job_id)).toMatchObject({ status: 'cancelled' })
    const count = await written()
    expect(count).toBeLessThan(2 * RESOURCES)
    await sleep(300)
    expect(await written()).toBe(count)
    expect(await staged.services.leases.holderOf('memo')).toBeUndefined()
    expect((await staged.restore(archive)).result).toMatchObject({ verification: { passed: true } })
  })
})

const MODELS = ['city', 'country', 'memo']

/** Cancels the next job before `stage` begins. Resolves with the job's id when its last handler has returned. */
const cancelledAt = (stage: string): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  staged.before(stage, async (jobId) => {
    cancelJob(staged.services, jobId).then(() => {
      resolve(jobId)
    }, reject)
    for (let job = await staged.services.jobs.get(jobId); job !== undefined && !hasEnded(job);) {
      await sleep(5)
      job = await staged.services.jobs.get(jobId)
    }
  })
  return promise
}

describe('an export that is cancelled', () => {
  it.each([
    'plan-export',
    'export-records',
    'plan-export-blobs',
    'export-blobs',
    'plan-compose',
    'compose-parts',
    'finish-compose',
  ])('before %s leaves neither an archive nor a part of one, and the next export is complete', async (stage) => {
    await fill(staged.outside, smallWorld(staged.services.models))
    const cancelled = cancelledAt(stage)
    await expect(staged.export(MODELS)).rejects.toThrow(JobFailed)
    const job = await staged.services.jobs.get(await cancelled)
    expect(job).toMatchObject({ status: 'cancelled' })
    expect(job).not.toHaveProperty('result')
    expect(await unfinishedUploads(staged.outside)).toEqual([])
    expect((await staged.export(MODELS)).job).toMatchObject({ status: 'succeeded', result: { complete: true } })
  })
})

describe('a restore that is cancelled', () => {
  let archive: Buffer
  let original: Contents
  beforeAll(async () => {
    await fill(staged.outside, smallWorld(staged.services.models))
    original = await staged.contents()
    archive = (await staged.export(MODELS)).archive
    await staged.wipe()
  })

  it.each([
    ['inspect', false],
    ['preflight', false],
    ['plan-preflight-blobs', false],
    ['preflight-blobs', false],
    ['decide', false],
    // A blob may be written while the stage begins.
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
      const { job_id } = await staged.begin(archive)
      expect(await cancelled).toBe(job_id)
      expect(await staged.services.jobs.get(job_id)).toMatchObject({ status: 'cancelled' })
      const left = await staged.contents()
      if (hasWritten !== undefined) expect(left.items.size + left.objects.size > 0).toBe(hasWritten)
      for (const model of MODELS) expect(await staged.services.leases.holderOf(model)).toBeUndefined()
      expect(await unfinishedUploads(staged.outside)).toEqual([])
      await sleep(50)
      expect(await staged.contents()).toEqual(left)
      expect(await staged.restore(archive)).toMatchObject({
        status: 'succeeded',
        result: { verification: { passed: true } },
      })
      expect(lasting(await staged.contents())).toEqual(lasting(original))
    },
  )
})
