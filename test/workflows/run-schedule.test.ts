import { describe, expect, it, vi } from 'vitest'
import { handler as pruneHandler } from '../../functions/events/prune.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { context, startScheduleRoutes } from './schedule-routes.ts'

const routes = await startScheduleRoutes()

describe('POST /_backup/schedules/{name}/run', () => {
  const second = '20260301T120000Z'

  it('starts an export that belongs to the schedule, with the current second as its due time', async () => {
    const job_id = `s-${routes.name}-${second}`
    const key = `scheduled/${routes.name}/2026/03/01/${job_id}.acbak`
    expect(await routes.post('/run')).toMatchObject({
      status: 200,
      body: { job_id, status: 'succeeded', archive: { key } },
    })
    expect(await routes.runner.services.jobs.get(job_id)).toMatchObject({
      source: 'schedule',
      requested_by: 'local',
      request: {
        models: ['city', 'memo'],
        strict: false,
        schedule: { name: routes.name, at: '2026-03-01T12:00:00.000Z' },
      },
    })
    expect(await routes.listed()).toMatchObject({
      last: { job_id, due_at: '2026-03-01T12:00:00.000Z', judgement: 'good' },
      last_good_at: '2026-03-01T12:00:00.000Z',
    })
  })

  it('returns the job of an earlier request in the same second', async () => {
    const answers = await Promise.all([routes.post('/run'), routes.post('/run'), routes.post('/run', { wait: 0 })])
    expect(new Set(answers.map(({ body }) => body['job_id']))).toEqual(new Set([`s-${routes.name}-${second}`]))
    const { jobs } = await routes.runner.services.jobs.list({ limit: 200 })
    expect(jobs.filter(({ job_id }) => job_id.startsWith(`s-${routes.name}-`))).toHaveLength(1)
  })

  it('returns the job of the first request with the same Idempotency-Key, and rejects the key for another schedule', async () => {
    const key = { 'idempotency-key': `run ${routes.name}` }
    const first = await routes.post('/run', {}, key)
    routes.now = new Date('2026-03-02T15:00:00Z')
    expect(await routes.post('/run', { wait: 5 }, key)).toMatchObject({
      status: 200,
      body: { job_id: first.body['job_id'] },
    })
    expect(await routes.request('POST', '/hourly/run', {}, key)).toMatchObject({
      status: 422,
      body: { type: 'idempotency-mismatch' },
    })
    expect(await routes.listed()).toMatchObject({ last: { job_id: `s-${routes.name}-${second}` } })
    expect(await routes.post('/run')).toMatchObject({ body: { job_id: `s-${routes.name}-20260302T150000Z` } })
  })

  it('returns the export although it cannot be recorded as the last run, and logs this', async () => {
    const { scheduleRecords } = routes.runner.services
    const error = vi.spyOn(logger, 'error')
    const storeRun = vi.spyOn(scheduleRecords, 'storeRun').mockRejectedValue(new Error('throttled'))
    const job_id = `s-${routes.name}-${second}`
    expect(await routes.post('/run')).toMatchObject({ status: 200, body: { job_id, status: 'succeeded' } })
    expect(storeRun).toHaveBeenCalledOnce()
    expect(error).toHaveBeenCalledWith('the run of a schedule could not be recorded', { job_id, cause: 'throttled' })
    storeRun.mockRestore()
    error.mockRestore()
    // The status finds the export by its judgement.
    expect(await routes.listed()).toMatchObject({ last: { job_id, status: 'succeeded', judgement: 'good' } })
  })

  it('ends an overdue alarm, and its archive is pruned as any other', async () => {
    await routes.isOverdueInCheck()
    routes.now = new Date('2026-03-02T10:00:00Z')
    expect(await routes.isOverdueInCheck()).toBe(true)
    await routes.post('/run')
    expect(await routes.isOverdueInCheck()).toBe(false)
    await routes.deliver('03')
    routes.now = new Date('2026-03-09T10:00:00Z')
    expect(await pruneHandler({}, context())).toContainEqual({
      schedule: routes.name,
      deleted: [`scheduled/${routes.name}/2026/03/02/s-${routes.name}-20260302T100000Z.acbak`],
    })
  })

  it('runs a paused schedule, and returns the running job if its time is up', async () => {
    await routes.post('/pause', { days: 1 })
    expect(await routes.post('/run?wait=0')).toMatchObject({
      status: 202,
      body: { kind: 'export', source: 'schedule' },
    })
    await routes.runner.services.workflows.ended?.(`s-${routes.name}-${second}`)
    expect((await routes.listed()).paused).toMatchObject({ by: 'local' })
  })

  it('rejects an unknown schedule and unknown parameters', async () => {
    expect(await routes.request('POST', '/monthly/run')).toMatchObject({
      status: 404,
      body: { type: 'unknown-schedule' },
    })
    expect(await routes.post('/run', { strict: true })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'strict' }] },
    })
    expect(await routes.listed()).not.toHaveProperty('last')
  })
})
