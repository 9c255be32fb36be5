import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it, vi } from 'vitest'
import { handler as startHandler } from '../../functions/events/start-scheduled.ts'
import { must } from '../../shared/values/must.ts'
import { context, EVERY_NIGHT, HOURLY, startScheduleRoutes } from './schedule-routes.ts'

const routes = await startScheduleRoutes()

describe('GET /_backup/schedules', () => {
  it('returns the settings of each schedule, with defaults, and the next due time', async () => {
    expect(await routes.listed()).toEqual({
      name: routes.name,
      ...EVERY_NIGHT,
      models: ['city', 'memo'],
      strict: false,
      keep_days: 2,
      min_ratio: 0.5,
      next_at: '2026-03-02T03:00:00.000Z',
      overdue: false,
    })
    expect(await routes.listed('hourly')).toEqual({
      name: 'hourly',
      rate: '2 hours',
      filters: { is_deleted: false },
      strict: true,
      keep_days: 9,
      min_ratio: 0.9,
      overdue: false,
    })
  })

  it('counts the next due time of a rate from the last one that was delivered', async () => {
    routes.name = 'hourly'
    await startHandler({ schedule: routes.name, at: '2026-03-01T11:17:05Z' }, context())
    await routes.runner.services.workflows.ended?.(`s-${routes.name}-20260301T111705Z`)
    expect(await routes.listed()).toMatchObject({ next_at: '2026-03-01T13:17:05.000Z' })
    routes.now = new Date('2026-03-01T17:17:05Z')
    expect(await routes.listed()).toMatchObject({ next_at: '2026-03-01T19:17:05.000Z' })
    // The event of 10:00 is delivered late.
    await startHandler({ schedule: routes.name, at: '2026-03-01T09:17:05Z' }, context())
    expect(await routes.listed()).toMatchObject({
      next_at: '2026-03-01T19:17:05.000Z',
      last: { due_at: '2026-03-01T11:17:05.000Z' },
    })
    await routes.runner.deploy({ schedules: [{ ...HOURLY, timing: { rate: '3 hours' } }] })
    expect(await routes.listed()).not.toHaveProperty('next_at')
  })

  it('returns the newest export, while it runs and after its end', async () => {
    let running: unknown
    routes.runner.beforeStage('export-records', async () => {
      // The workflow may run before its start has been recorded.
      running = await vi.waitFor(async () => must((await routes.listed()).last), { timeout: 30_000 })
    })
    await routes.deliver('01')
    const due_at = '2026-03-01T03:00:00.000Z'
    expect(running).toEqual({ job_id: routes.jobIdOf('01'), due_at, status: 'running' })
    const bucket = routes.runner.services.config.buckets.archives
    const archive = { bucket, key: `scheduled/${routes.name}/2026/03/01/${routes.jobIdOf('01')}.acbak` }
    expect(await routes.listed()).toMatchObject({
      last: {
        job_id: routes.jobIdOf('01'),
        due_at,
        status: 'succeeded',
        ended_at: routes.now.toISOString(),
        archive,
        judgement: 'good',
      },
      last_good_at: due_at,
    })
  })

  it('is overdue exactly if the hourly check reports the schedule as overdue', async () => {
    expect(await routes.isOverdueInCheck()).toBe(false)
    const states: unknown[] = []
    for (const [at, work] of [
      ['2026-03-02T08:59:00Z', undefined],
      ['2026-03-02T09:01:00Z', undefined],
      ['2026-03-02T09:02:00Z', () => routes.deliver('02')],
      ['2026-03-03T08:59:00Z', undefined],
      ['2026-03-03T09:01:00Z', undefined],
    ] as const) {
      routes.now = new Date(at)
      await work?.()
      const { overdue } = await routes.listed()
      expect(overdue, at).toBe(await routes.isOverdueInCheck())
      states.push(overdue)
    }
    expect(states).toEqual([false, true, false, false, true])
  })

  it('does not count an archive that was deleted or damaged after it was judged', async () => {
    await routes.isOverdueInCheck()
    const { objects, config } = routes.runner.services
    for (const day of ['02', '03']) await routes.deliver(day)
    routes.now = new Date('2026-03-03T12:00:00Z')
    expect(await routes.listed()).toMatchObject({ overdue: false, last_good_at: '2026-03-03T03:00:00.000Z' })
    const key = `scheduled/${routes.name}/2026/03/03/${routes.jobIdOf('03')}.acbak`
    const bytes = must(await objects.getBytes(config.buckets.archives, key))
    for (const spoil of [
      () => objects.put(config.buckets.archives, key, bytes.subarray(0, -1)),
      () => objects.delete(config.buckets.archives, [key]),
    ]) {
      await spoil()
      expect(await routes.listed()).toMatchObject({ overdue: true, last_good_at: '2026-03-02T03:00:00.000Z' })
    }
    expect(await routes.isOverdueInCheck()).toBe(true)
  })

  it('opens each archive only once', async () => {
    await routes.deliver('02')
    routes.now = new Date('2026-03-02T12:00:00Z')
    const sourceOf = vi.spyOn(routes.runner.services.objects, 'sourceOf')
    for (let n = 0; n < 3; n++)
      expect(await routes.listed()).toMatchObject({ last_good_at: '2026-03-02T03:00:00.000Z' })
    expect(sourceOf.mock.calls.filter(([{ key }]) => key.includes(routes.jobIdOf('02')))).toHaveLength(1)
    sourceOf.mockRestore()
  })

  it('finds the newest good archive behind many incomplete ones', async () => {
    await routes.deliver('01')
    const [good] = await routes.runner.services.archiveJudgements.list(routes.name)
    for (let day = 1; day <= 28; day++) {
      const due = `202604${String(day).padStart(2, '0')}T030000Z`
      await routes.runner.services.archiveJudgements.keep(routes.name, {
        ...must(good),
        state: 'incomplete',
        job_id: `s-${routes.name}-${due}`,
        key: `scheduled/${routes.name}/2026/04/${String(day).padStart(2, '0')}/s-${routes.name}-${due}.acbak`,
        at: `2026-04-${String(day).padStart(2, '0')}T03:00:00.000Z`,
      })
    }
    expect(await routes.listed()).toMatchObject({
      last: { job_id: `s-${routes.name}-20260428T030000Z`, status: 'partial', judgement: 'incomplete' },
      last_good_at: '2026-03-01T03:00:00.000Z',
    })
  })

  it('finds the last export by its judgement if an earlier version has started it, even without its job', async () => {
    await routes.deliver('01')
    const { last } = await routes.listed()
    const TableName = routes.runner.services.config.tables.jobs
    const remove = (pk: string, sk: string) =>
      routes.runner.clients.dynamo.send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk }, sk: { S: sk } } }))
    await remove(`schedule#${routes.name}`, 'last-run')
    expect((await routes.listed()).last).toEqual(last)
    await remove(`job#${routes.jobIdOf('01')}`, 'job')
    const { job_id, due_at, status, judgement } = must(last)
    expect((await routes.listed()).last).toEqual({ job_id, due_at, status, judgement })
  })

  it('has no last export if the last one has no archive and its job is no longer kept', async () => {
    await routes.runner.services.scheduleRecords.storeRun(routes.name, {
      job_id: 'gone',
      due_at: '2026-03-01T03:00:00.000Z',
    })
    expect(await routes.listed()).not.toHaveProperty('last')
  })

  it('accepts no parameters', async () => {
    expect(await routes.request('GET', '?limit=3')).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'limit' }] },
    })
  })
})
