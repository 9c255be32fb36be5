import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { handler as checkHandler } from '../../functions/events/check-schedules.ts'
import { handler as pruneHandler } from '../../functions/events/prune.ts'
import { handler as startHandler } from '../../functions/events/start-scheduled.ts'
import { PausedScheduleView, ResumedScheduleView, ScheduleListView } from '../../functions/http/schedule-view.ts'
import { type Gateway, startGateway } from '../../infra/local/program/gateway.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { must } from '../../shared/values/must.ts'
import { startRunnerWithSample } from './start-runner.ts'

/** Returns a new context for each call, because the remaining time of a context decreases. */
const context = () => localContext('test', 'test', 60_000)
const DAY_MS = 86_400_000
const EVERY_NIGHT = { cron: '0 3 * * ? *' }

let now = new Date('2026-03-01T12:00:00.250Z')
let made = 0
/** Each test has its own schedule. */
let name: string
const HOURLY = {
  name: 'hourly',
  timing: { rate: '2 hours' },
  filters: { is_deleted: false },
  strict: true,
  keep_days: 9,
  min_ratio: 0.9,
}
const runner = await startRunnerWithSample({ clock: () => now })

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway({ port: 0 })
})
afterAll(() => gateway.stop())
beforeEach(async () => {
  name = `nightly-${made++}`
  const models = ['city', 'memo']
  const own = { name, timing: EVERY_NIGHT, models, filters: {}, strict: false, keep_days: 2 }
  await runner.deploy({ schedules: [own, HOURLY] })
  now = new Date('2026-03-01T12:00:00.250Z')
})

const request = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
  const response = await fetch(`${gateway.url}/_backup/schedules${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const post = (path: string, body?: object, headers?: Record<string, string>) =>
  request('POST', `/${name}${path}`, body, headers)

/** Returns the schedule in the list of all schedules. */
const listed = async (schedule = name): Promise<ScheduleListView['schedules'][number]> => {
  const { status, body } = await request('GET', '')
  expect(status).toBe(200)
  const view = ScheduleListView.parse(body)
  expect(view, 'the schema describes all members').toEqual(body)
  return must(view.schedules.find((one) => one.name === schedule))
}

const jobIdOf = (day: string): string => `s-${name}-202603${day}T030000Z`
/** Delivers a due time at 3:00 of a day of March, and waits until the job has ended, if there is one. */
const deliver = async (day: string): Promise<void> => {
  await startHandler({ schedule: name, at: `2026-03-${day}T03:00:00Z` }, context())
  if ((await runner.services.jobs.get(jobIdOf(day))) !== undefined)
    await runner.services.workflows.ended?.(jobIdOf(day))
}
const isOverdueInCheck = async (): Promise<boolean | undefined> =>
  (await checkHandler({}, context())).find(({ schedule }) => schedule === name)?.overdue

describe('GET /_backup/schedules', () => {
  it('returns the settings of each schedule, with defaults, and the next due time', async () => {
    expect(await listed()).toEqual({
      name,
      ...EVERY_NIGHT,
      models: ['city', 'memo'],
      strict: false,
      keep_days: 2,
      min_ratio: 0.5,
      next_at: '2026-03-02T03:00:00.000Z',
      overdue: false,
    })
    expect(await listed('hourly')).toEqual({
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
    name = 'hourly'
    await startHandler({ schedule: name, at: '2026-03-01T11:17:05Z' }, context())
    await runner.services.workflows.ended?.(`s-${name}-20260301T111705Z`)
    expect(await listed()).toMatchObject({ next_at: '2026-03-01T13:17:05.000Z' })
    now = new Date('2026-03-01T17:17:05Z')
    expect(await listed()).toMatchObject({ next_at: '2026-03-01T19:17:05.000Z' })
    // The event of 10:00 is delivered late.
    await startHandler({ schedule: name, at: '2026-03-01T09:17:05Z' }, context())
    expect(await listed()).toMatchObject({
      next_at: '2026-03-01T19:17:05.000Z',
      last: { due_at: '2026-03-01T11:17:05.000Z' },
    })
    await runner.deploy({ schedules: [{ ...HOURLY, timing: { rate: '3 hours' } }] })
    expect(await listed()).not.toHaveProperty('next_at')
  })

  it('returns the newest export, while it runs and after its end', async () => {
    let running: unknown
    runner.beforeStage('export-records', async () => {
      // The workflow may run before its start has been recorded.
      running = await vi.waitFor(async () => must((await listed()).last), { timeout: 30_000 })
    })
    await deliver('01')
    const due_at = '2026-03-01T03:00:00.000Z'
    expect(running).toEqual({ job_id: jobIdOf('01'), due_at, status: 'running' })
    const bucket = runner.services.config.buckets.archives
    const archive = { bucket, key: `scheduled/${name}/2026/03/01/${jobIdOf('01')}.acbak` }
    expect(await listed()).toMatchObject({
      last: {
        job_id: jobIdOf('01'),
        due_at,
        status: 'succeeded',
        ended_at: now.toISOString(),
        archive,
        judgement: 'good',
      },
      last_good_at: due_at,
    })
  })

  it('is overdue exactly if the hourly check reports the schedule as overdue', async () => {
    expect(await isOverdueInCheck()).toBe(false)
    const states: unknown[] = []
    for (const [at, work] of [
      ['2026-03-02T08:59:00Z', undefined],
      ['2026-03-02T09:01:00Z', undefined],
      ['2026-03-02T09:02:00Z', () => deliver('02')],
      ['2026-03-03T08:59:00Z', undefined],
      ['2026-03-03T09:01:00Z', undefined],
    ] as const) {
      now = new Date(at)
      await work?.()
      const { overdue } = await listed()
      expect(overdue, at).toBe(await isOverdueInCheck())
      states.push(overdue)
    }
    expect(states).toEqual([false, true, false, false, true])
  })

  it('does not count an archive that was deleted or damaged after it was judged', async () => {
    await isOverdueInCheck()
    const { objects, config } = runner.services
    for (const day of ['02', '03']) await deliver(day)
    now = new Date('2026-03-03T12:00:00Z')
    expect(await listed()).toMatchObject({ overdue: false, last_good_at: '2026-03-03T03:00:00.000Z' })
    const key = `scheduled/${name}/2026/03/03/${jobIdOf('03')}.acbak`
    const bytes = must(await objects.getBytes(config.buckets.archives, key))
    for (const spoil of [
      () => objects.put(config.buckets.archives, key, bytes.subarray(0, -1)),
      () => objects.delete(config.buckets.archives, [key]),
    ]) {
      await spoil()
      expect(await listed()).toMatchObject({ overdue: true, last_good_at: '2026-03-02T03:00:00.000Z' })
    }
    expect(await isOverdueInCheck()).toBe(true)
  })

  it('opens each archive only once', async () => {
    await deliver('02')
    now = new Date('2026-03-02T12:00:00Z')
    const sourceOf = vi.spyOn(runner.services.objects, 'sourceOf')
    for (let n = 0; n < 3; n++) expect(await listed()).toMatchObject({ last_good_at: '2026-03-02T03:00:00.000Z' })
    expect(sourceOf.mock.calls.filter(([{ key }]) => key.includes(jobIdOf('02')))).toHaveLength(1)
    sourceOf.mockRestore()
  })

  it('finds the newest good archive behind many incomplete ones', async () => {
    await deliver('01')
    const [good] = await runner.services.archiveJudgements.list(name)
    for (let day = 1; day <= 28; day++) {
      const due = `202604${String(day).padStart(2, '0')}T030000Z`
      await runner.services.archiveJudgements.keep(name, {
        ...must(good),
        state: 'incomplete',
        job_id: `s-${name}-${due}`,
        key: `scheduled/${name}/2026/04/${String(day).padStart(2, '0')}/s-${name}-${due}.acbak`,
        at: `2026-04-${String(day).padStart(2, '0')}T03:00:00.000Z`,
      })
    }
    expect(await listed()).toMatchObject({
      last: { job_id: `s-${name}-20260428T030000Z`, status: 'partial', judgement: 'incomplete' },
      last_good_at: '2026-03-01T03:00:00.000Z',
    })
  })

  it('finds the last export by its judgement if an earlier version has started it, even without its job', async () => {
    await deliver('01')
    const { last } = await listed()
    const TableName = runner.services.config.tables.jobs
    const remove = (pk: string, sk: string) =>
      runner.clients.dynamo.send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk }, sk: { S: sk } } }))
    await remove(`schedule#${name}`, 'last-run')
    expect((await listed()).last).toEqual(last)
    await remove(`job#${jobIdOf('01')}`, 'job')
    const { job_id, due_at, status, judgement } = must(last)
    expect((await listed()).last).toEqual({ job_id, due_at, status, judgement })
  })

  it('has no last export if the last one has no archive and its job is no longer kept', async () => {
    await runner.services.scheduleRecords.storeRun(name, { job_id: 'gone', due_at: '2026-03-01T03:00:00.000Z' })
    expect(await listed()).not.toHaveProperty('last')
  })

  it('accepts no parameters', async () => {
    expect(await request('GET', '?limit=3')).toMatchObject({ status: 400, body: { errors: [{ field: 'limit' }] } })
  })
})

describe('POST /_backup/schedules/{name}/run', () => {
  const second = '20260301T120000Z'

  it('starts an export that belongs to the schedule, with the current second as its due time', async () => {
    const job_id = `s-${name}-${second}`
    const key = `scheduled/${name}/2026/03/01/${job_id}.acbak`
    expect(await post('/run')).toMatchObject({ status: 200, body: { job_id, status: 'succeeded', archive: { key } } })
    expect(await runner.services.jobs.get(job_id)).toMatchObject({
      source: 'schedule',
      requested_by: 'local',
      request: { models: ['city', 'memo'], strict: false, schedule: { name, at: '2026-03-01T12:00:00.000Z' } },
    })
    expect(await listed()).toMatchObject({
      last: { job_id, due_at: '2026-03-01T12:00:00.000Z', judgement: 'good' },
      last_good_at: '2026-03-01T12:00:00.000Z',
    })
  })

  it('returns the job of an earlier request in the same second', async () => {
    const answers = await Promise.all([post('/run'), post('/run'), post('/run', { wait: 0 })])
    expect(new Set(answers.map(({ body }) => body['job_id']))).toEqual(new Set([`s-${name}-${second}`]))
    const { jobs } = await runner.services.jobs.list({ limit: 200 })
    expect(jobs.filter(({ job_id }) => job_id.startsWith(`s-${name}-`))).toHaveLength(1)
  })

  it('returns the job of the first request with the same Idempotency-Key, and rejects the key for another schedule', async () => {
    const key = { 'idempotency-key': `run ${name}` }
    const first = await post('/run', {}, key)
    now = new Date('2026-03-02T15:00:00Z')
    expect(await post('/run', { wait: 5 }, key)).toMatchObject({ status: 200, body: { job_id: first.body['job_id'] } })
    expect(await request('POST', '/hourly/run', {}, key)).toMatchObject({
      status: 422,
      body: { type: 'idempotency-mismatch' },
    })
    expect(await listed()).toMatchObject({ last: { job_id: `s-${name}-${second}` } })
    expect(await post('/run')).toMatchObject({ body: { job_id: `s-${name}-20260302T150000Z` } })
  })

  it('returns the export although it cannot be recorded as the last run, and logs this', async () => {
    const { scheduleRecords } = runner.services
    const error = vi.spyOn(logger, 'error')
    const storeRun = vi.spyOn(scheduleRecords, 'storeRun').mockRejectedValue(new Error('throttled'))
    const job_id = `s-${name}-${second}`
    expect(await post('/run')).toMatchObject({ status: 200, body: { job_id, status: 'succeeded' } })
    expect(storeRun).toHaveBeenCalledOnce()
    expect(error).toHaveBeenCalledWith('the run of a schedule could not be recorded', { job_id, cause: 'throttled' })
    storeRun.mockRestore()
    error.mockRestore()
    // The status finds the export by its judgement.
    expect(await listed()).toMatchObject({ last: { job_id, status: 'succeeded', judgement: 'good' } })
  })

  it('ends an overdue alarm, and its archive is pruned as any other', async () => {
    await isOverdueInCheck()
    now = new Date('2026-03-02T10:00:00Z')
    expect(await isOverdueInCheck()).toBe(true)
    await post('/run')
    expect(await isOverdueInCheck()).toBe(false)
    await deliver('03')
    now = new Date('2026-03-09T10:00:00Z')
    expect(await pruneHandler({}, context())).toContainEqual({
      schedule: name,
      deleted: [`scheduled/${name}/2026/03/02/s-${name}-20260302T100000Z.acbak`],
    })
  })

  it('runs a paused schedule, and returns the running job if its time is up', async () => {
    await post('/pause', { days: 1 })
    expect(await post('/run?wait=0')).toMatchObject({ status: 202, body: { kind: 'export', source: 'schedule' } })
    await runner.services.workflows.ended?.(`s-${name}-${second}`)
    expect((await listed()).paused).toMatchObject({ by: 'local' })
  })

  it('rejects an unknown schedule and unknown parameters', async () => {
    expect(await request('POST', '/monthly/run')).toMatchObject({ status: 404, body: { type: 'unknown-schedule' } })
    expect(await post('/run', { strict: true })).toMatchObject({ status: 400, body: { errors: [{ field: 'strict' }] } })
    expect(await listed()).not.toHaveProperty('last')
  })
})

describe('POST /_backup/schedules/{name}/pause', () => {
  it('pauses the schedule for 30 days by default, and names the caller, the times and the reason', async () => {
    const answer = await post('/pause', { reason: 'migration of the table' })
    expect(answer.status).toBe(200)
    expect(PausedScheduleView.parse(answer.body)).toEqual(answer.body)
    const pause = {
      by: 'local',
      at: now.toISOString(),
      until: new Date(now.getTime() + 30 * DAY_MS).toISOString(),
      reason: 'migration of the table',
    }
    expect(answer.body).toEqual({ name, ...pause })
    expect((await listed()).paused).toEqual(pause)
    const again = await post('/pause?days=2')
    expect(again.body).toMatchObject({ until: new Date(now.getTime() + 2 * DAY_MS).toISOString() })
    expect((await listed()).paused).not.toHaveProperty('reason')
  })

  it('starts no export for a due time in the pause, logs and lists this, and counts the due time as overdue', async () => {
    const warn = vi.spyOn(logger, 'warn')
    await isOverdueInCheck()
    await post('/pause', { days: 1 })
    now = new Date('2026-03-02T03:00:01Z')
    await deliver('02')
    expect(await runner.services.jobs.get(jobIdOf('02'))).toBeUndefined()
    expect(warn).toHaveBeenCalledWith(
      'a due time starts no export, because its schedule is paused',
      expect.objectContaining({ schedule: name, at: '2026-03-02T03:00:00Z' }),
    )
    warn.mockRestore()
    now = new Date('2026-03-02T09:01:00Z')
    expect(await isOverdueInCheck()).toBe(true)
    expect(await listed()).toMatchObject({
      overdue: true,
      next_at: '2026-03-03T03:00:00.000Z',
      last_skipped: { due_at: '2026-03-02T03:00:00.000Z', paused_by: 'local' },
    })
  })

  it('ends by itself: the next due time starts an export, but a repeated event of the pause does not', async () => {
    await post('/pause', { days: 1 })
    now = new Date('2026-03-02T03:00:01Z')
    await deliver('02')
    now = new Date('2026-03-02T12:00:00.250Z')
    expect(await listed()).not.toHaveProperty('paused')
    await deliver('02')
    expect(await runner.services.jobs.get(jobIdOf('02'))).toBeUndefined()
    await deliver('03')
    expect(await runner.services.jobs.get(jobIdOf('03'))).toMatchObject({ status: 'succeeded' })
  })

  it('also skips a due time before the pause whose event arrives in the pause, unless its export has started', async () => {
    await deliver('01')
    await post('/pause')
    await startHandler({ schedule: name, at: '2026-03-01T03:00:00Z' }, context())
    expect(await listed()).not.toHaveProperty('last_skipped')
    await startHandler({ schedule: name, at: '2026-03-01T11:59:59Z' }, context())
    expect(await listed()).toMatchObject({
      last: { job_id: jobIdOf('01') },
      last_skipped: { due_at: '2026-03-01T11:59:59.000Z' },
    })
  })

  it.each<[object, string]>([
    [{ days: 0 }, 'days'],
    [{ days: 31 }, 'days'],
    [{ days: 1.5 }, 'days'],
    [{ reason: '' }, 'reason'],
    [{ reason: 'x'.repeat(501) }, 'reason'],
    [{ until: '2026-04-01T00:00:00Z' }, 'until'],
  ])('rejects %j', async (body, field) => {
    expect(await post('/pause', body)).toMatchObject({ status: 400, body: { errors: [{ field }] } })
    expect(await listed()).not.toHaveProperty('paused')
  })

  it('rejects an unknown schedule', async () => {
    expect(await request('POST', '/monthly/pause')).toMatchObject({ status: 404, body: { type: 'unknown-schedule' } })
  })
})

describe('POST /_backup/schedules/{name}/resume', () => {
  it('ends the pause, and returns the schedule', async () => {
    await post('/pause')
    const answer = await post('/resume')
    expect(answer.status).toBe(200)
    expect(ResumedScheduleView.parse(answer.body)).toEqual(answer.body)
    expect(answer.body).toEqual(await listed())
    expect(answer.body).not.toHaveProperty('paused')
    await deliver('02')
    expect(await runner.services.jobs.get(jobIdOf('02'))).toMatchObject({ status: 'succeeded' })
  })

  it('does not start an export for a due time of the pause whose event arrives after the end of the pause', async () => {
    await post('/pause')
    now = new Date('2026-03-02T09:00:00.250Z')
    await post('/resume')
    await deliver('02')
    expect(await runner.services.jobs.get(jobIdOf('02'))).toBeUndefined()
    expect(await listed()).toMatchObject({ last_skipped: { due_at: '2026-03-02T03:00:00.000Z', paused_by: 'local' } })
    // A second request does not move the end of the pause.
    now = new Date('2026-03-03T09:00:00.250Z')
    await post('/resume')
    await deliver('03')
    expect(await runner.services.jobs.get(jobIdOf('03'))).toMatchObject({ status: 'succeeded' })
  })

  it('changes nothing if the schedule is not paused', async () => {
    expect(await post('/resume')).toMatchObject({ status: 200, body: { name } })
  })

  it('rejects an unknown schedule and parameters', async () => {
    expect(await request('POST', '/monthly/resume')).toMatchObject({ status: 404, body: { type: 'unknown-schedule' } })
    expect(await post('/resume', { days: 3 })).toMatchObject({ status: 400, body: { errors: [{ field: 'days' }] } })
  })
})
