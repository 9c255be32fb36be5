import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { hasEnded } from '../../shared/jobs/job.ts'
import { allResults, type PassResult } from '../../shared/jobs/pass.ts'
import { PREFLIGHT_MERGE } from '../../shared/jobs/reference-merge.ts'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import { PREFLIGHT } from '../../shared/restore/messages/preflight.ts'
import { PREFLIGHT_BLOBS } from '../../shared/restore/messages/preflight-blobs.ts'
import { segmentedArchive } from '../archive/segmented-archive.ts'
import { fixture } from './program.ts'
import { buildResource } from './sample-store.ts'
import { type Call, nthCall, throttleCalls } from './throttled-calls.ts'
import { CATALOGUE, checked, exportSample, MODELS, startCheckRunner } from './check-runner.ts'

const runner = await startCheckRunner()

describe('a check', () => {
  it.each(['acbak', 'specstar'] as const)(
    'reads neither the resource table nor the blob bucket, and writes only work files and its report: %s',
    async (format) => {
      const archive = await exportSample(runner, format)
      const before = await runner.contents()
      const { tables, buckets } = runner.clients.config
      const job = await runner.startCheck(archive)
      const calls = throttleCalls(runner, () => false)
      expect(await runner.waitForCheck(job)).toMatchObject({ status: 'succeeded' })
      const callsOf = (target: string) => calls.filter((call) => call.target === target)
      expect(callsOf(`table ${tables.jobs}`).length).toBeGreaterThan(10)
      expect(callsOf(`table ${tables.resources}`)).toEqual([])
      expect(callsOf(`bucket ${buckets.blobs}`)).toEqual([])
      expect(callsOf(`bucket ${buckets.restores}`)).toEqual([])
      const writes = callsOf(`bucket ${buckets.archives}`).filter(({ operation }) => !/^(Get|Head)/.test(operation))
      expect(writes.map(({ operation, key }) => [operation, key])).toEqual([
        ['PutObject', `reports/${job.job_id}.json`],
      ])
      const targets = [`table ${tables.jobs}`, `bucket ${buckets.archives}`, `bucket ${buckets.work}`]
      expect(calls.filter(({ target }) => !targets.includes(target))).toEqual([])
      vi.restoreAllMocks()
      expect(await runner.contents()).toEqual(before)
      for (const model of MODELS) expect(await runner.services.leases.holderOf(model)).toBeUndefined()
    },
  )

  it('succeeds while a restore holds the leases of the same models', async () => {
    const archive = await exportSample(runner)
    await runner.wipe()
    let status: string | undefined
    runner.beforeStage('apply-records', async () => {
      ;({ status } = await runner.check(archive))
    })
    expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
    expect(status).toBe('succeeded')
  })

  it('finds the same in passes that end after each digest bucket, in several map items', async () => {
    const names = Array.from({ length: 15 }, (_, k) => `city-${k}`)
    const archive = await segmentedArchive({
      models: {
        city: names.map((id) => {
          const payload = { name: id, arms: { file_id: `arms-${id}`, size: 5 } }
          return buildResource(runner.services.models, { model: 'city', id, payloads: [payload] }).items
        }),
      },
      segments: 3,
      blobs: new Map(names.map((id) => [`arms-${id}`, Buffer.from(`arms of ${id}`)])),
      referring: ['city'],
      blobSegments: 2,
    })
    await runner.deploy({}, { passMs: 0, rangeBytes: 1, groupBytes: 1 })
    const job = await runner.check(archive)
    const models = { city: { resources: 15, revisions: 15, blobs: 15 } }
    expect(job).toMatchObject({ status: 'succeeded', result: { models } })
    for (const stage of [PREFLIGHT, PREFLIGHT_BLOBS]) {
      const passes = await allResults<PassResult>(runner.services, job.job_id, stage)
      expect(passes.length, stage.name).toBeGreaterThanOrEqual(12)
    }
    expect(checked((await runner.readCheckReport(job))?.checks)).toMatchObject({
      content: 15,
      revisions: 15,
      blobs: 15,
    })
  })

  it('merges lists of references to blobs in a round of its own if there are many', async () => {
    await runner.deploy({}, { rangeBytes: 10_000, groupBytes: 1, listsPerPass: 4 })
    const job = await runner.check(await fixture('catalogue-v3.acbak'))
    expect(job).toMatchObject({ status: 'succeeded', result: { models: CATALOGUE } })
    expect((await allResults(runner.services, job.job_id, PREFLIGHT_MERGE)).length).toBeGreaterThan(0)
  })

  it.each([
    [PREFLIGHT.name, PREFLIGHT, 9],
    [PREFLIGHT_BLOBS.name, PREFLIGHT_BLOBS, 5],
  ] as const)('hands over the finished work of a pass of %s that AWS throttles', async (_name, stage, n) => {
    await runner.deploy({}, { rangeBytes: 1_000_000_000, groupBytes: 1 })
    const archive = await fixture('catalogue-v3.acbak')
    const started = await runner.startCheck(archive)
    const reads = (call: Call): boolean =>
      call.stage === stage.name && call.operation === 'GetObject' && call.key.startsWith('test/')
    throttleCalls(runner, nthCall(n, reads))
    const job = await runner.waitForCheck(started)
    expect(job).toMatchObject({ status: 'succeeded', result: { models: CATALOGUE } })
    const passes: readonly PassResult[] = await allResults<PassResult>(runner.services, job.job_id, stage)
    expect(passes.map(({ done }) => done)).toEqual([false, true])
    expect(await runner.services.jobs.failure(job.job_id, 'ThrottledError')).toBeUndefined()
  })

  it.each(['inspect', 'preflight', 'plan-preflight-blobs', 'preflight-blobs', 'decide', 'report'])(
    'that is cancelled before %s ends as cancelled, without a result',
    async (stage) => {
      const archive = await exportSample(runner)
      const cancelled = Promise.withResolvers<unknown>()
      runner.beforeStage(stage, async (jobId) => {
        cancelJob(runner.services, jobId).then(cancelled.resolve, cancelled.reject)
        for (let job = await runner.services.jobs.get(jobId); job !== undefined && !hasEnded(job);) {
          await sleep(5)
          job = await runner.services.jobs.get(jobId)
        }
      })
      const job = await runner.startCheck(archive)
      await cancelled.promise
      const ended = await runner.waitForCheck(job)
      expect(ended).toMatchObject({ status: 'cancelled' })
      expect(ended).not.toHaveProperty('result')
    },
  )
})
