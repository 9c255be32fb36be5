import { PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, it } from 'vitest'
import { handler as checkHandler } from '../../functions/events/check-schedules.ts'
import { handler as pruneHandler } from '../../functions/events/prune.ts'
import { handler as startHandler, type ScheduleEvent } from '../../functions/events/start-scheduled.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import type { Schedule } from '../../shared/schedules/schedule.ts'
import { startRunnerWithSample } from './start-runner.ts'

const NIGHTLY: Schedule = {
  name: 'nightly',
  timing: { cron: '0 3 * * ? *' },
  filters: {},
  strict: false,
  keep_days: 7,
}
const OTHER: Schedule = {
  name: 'night',
  timing: { rate: '1 hour' },
  models: ['memo'],
  filters: {},
  strict: false,
  keep_days: 1,
}

/** Returns a new context for each call, because the remaining time of a context decreases. */
const context = () => localContext('test', 'test', 60_000)
const startScheduled = (event: ScheduleEvent): Promise<void> => startHandler(event, context())
const prune = () => pruneHandler({}, context())
const checkSchedules = () => checkHandler({}, context())

let now = new Date('2026-01-05T03:00:10Z')
const runner = await startRunnerWithSample({ schedules: [NIGHTLY, OTHER], clock: () => now })

const archives = (): string => runner.services.config.buckets.archives
const keys = async (): Promise<string[]> =>
  (await Array.fromAsync(runner.services.objects.list(archives(), 'scheduled/'))).map(({ key }) => key)
const keyOf = (day: string, name = 'nightly', hour = '03'): string =>
  `scheduled/${name}/2026/01/${day}/s-${name}-202601${day}T${hour}0000Z.acbak`

/** Runs a schedule for one due time, and waits until the job has ended. */
const run = async (day: string, name = 'nightly', hour = '03'): Promise<string> => {
  await startScheduled({ schedule: name, at: `2026-01-${day}T${hour}:00:00Z` })
  const jobId = `s-${name}-202601${day}T${hour}0000Z`
  await runner.services.workflows.ended?.(jobId)
  return jobId
}
const put = (key: string, body: string): Promise<unknown> =>
  runner.clients.s3.send(new PutObjectCommand({ Bucket: archives(), Key: key, Body: Buffer.from(body, 'latin1') }))

beforeEach(async () => {
  await runner.services.objects.delete(archives(), await keys())
})

describe('a schedule that is due', () => {
  it('exports an archive whose key has the prefix of the schedule and the day on which it was due', async () => {
    const jobId = await run('05')
    expect(await runner.services.jobs.get(jobId)).toMatchObject({
      job_id: jobId,
      status: 'succeeded',
      source: 'schedule',
      requested_by: 'schedule:nightly',
      request: { models: runner.services.models.names, strict: false },
      result: { complete: true, archive: { bucket: archives(), key: keyOf('05') } },
    })
    expect(await keys()).toEqual([keyOf('05')])
  })

  it('starts one job, even if the event is delivered several times', async () => {
    const twice = await Promise.all([run('06'), run('06')])
    await run('06')
    expect(new Set(twice).size).toBe(1)
    const jobs = (await runner.services.jobs.list({ kind: 'export', limit: 100 })).jobs
    expect(jobs.filter(({ job_id }) => job_id === twice[0])).toHaveLength(1)
  })

  it('exports only the models that it names', async () => {
    const job = await runner.services.jobs.get(await run('05', 'night', '07'))
    expect(job?.kind === 'export' && Object.keys(job.result?.models ?? {})).toEqual(['memo'])
  })

  it('is rejected if its name is unknown or its time is invalid', async () => {
    await expect(startScheduled({ schedule: 'weekly', at: '2026-01-05T03:00:00Z' })).rejects.toThrow('weekly')
    await expect(startScheduled({ schedule: 'nightly', at: 'now' })).rejects.toThrow('at')
  })
})

describe('pruning', () => {
  it('deletes archives older than keep_days and no others', async () => {
    for (const day of ['07', '08', '16']) await run(day)
    now = new Date('2026-01-15T12:00:00Z')
    expect(await prune()).toEqual([
      { schedule: 'nightly', deleted: [keyOf('07'), keyOf('08')].reverse() },
      { schedule: 'night', deleted: [] },
    ])
    expect(await keys()).toEqual([keyOf('16')])
  })

  it('never deletes the last complete archive or an object that is not an archive of the schedule', async () => {
    for (const day of ['09', '10']) await run(day)
    await run('10', 'night', '01')
    const otherObjects = ['scheduled/nightly/readme.txt', 'scheduled/nightly/2026/01/01/mine.acbak']
    for (const key of otherObjects) await put(key, 'mine')
    now = new Date('2027-01-15T12:00:00Z')
    await prune()
    await prune()
    expect((await keys()).sort()).toEqual([keyOf('10'), keyOf('10', 'night', '01'), ...otherObjects].sort())
  })

  it('keeps an old archive if all newer ones are truncated, damaged or empty', async () => {
    for (const day of ['11', '12']) await run(day)
    const whole = await runner.services.objects.getBytes(archives(), keyOf('12'))
    await put(keyOf('13'), whole?.subarray(0, -1).toString('latin1') ?? '')
    await put(keyOf('14'), '')
    now = new Date('2027-01-15T12:00:00Z')
    await prune()
    expect(await keys()).toEqual([keyOf('12'), keyOf('13'), keyOf('14')])
  })

  it('deletes nothing if no archive is complete', async () => {
    await put(keyOf('13'), 'x')
    await put(keyOf('14'), 'y')
    now = new Date('2027-01-15T12:00:00Z')
    await prune()
    expect(await keys()).toEqual([keyOf('13'), keyOf('14')])
  })
})

describe('the check of schedules', () => {
  const nightly = async (at: string): Promise<object | undefined> => {
    now = new Date(at)
    return (await checkSchedules()).find(({ schedule }) => schedule === 'nightly')
  }

  it('reports a schedule as overdue if there is no complete archive although the export had enough time', async () => {
    // Due times before the first check do not count.
    expect(await nightly('2026-01-20T12:00:00Z')).toEqual({ schedule: 'nightly', overdue: false })
    // Due at 3:00; the archive must exist at 9:00.
    expect(await nightly('2026-01-21T08:59:00Z')).toEqual({ schedule: 'nightly', overdue: false })
    const due = { schedule: 'nightly', due_at: '2026-01-21T03:00:00.000Z' }
    expect(await nightly('2026-01-21T09:01:00Z')).toEqual({ ...due, overdue: true })
    await put(keyOf('21'), 'not an archive')
    expect(await nightly('2026-01-21T09:01:00Z')).toEqual({ ...due, overdue: true })
    await runner.services.objects.delete(archives(), [keyOf('21')])
    await run('21')
    const good = { ...due, overdue: false, last_good_at: '2026-01-21T03:00:00.000Z' }
    expect(await nightly('2026-01-21T09:01:00Z')).toEqual(good)
    expect(await nightly('2026-01-22T08:59:00Z')).toEqual(good)
    expect(await nightly('2026-01-22T09:01:00Z')).toMatchObject({ overdue: true, due_at: '2026-01-22T03:00:00.000Z' })
  })

  it('allows a rate one and a half periods, because AWS counts periods from the creation of the schedule', async () => {
    const hourly = async (at: string): Promise<object | undefined> => {
      now = new Date(at)
      return (await checkSchedules()).find(({ schedule }) => schedule === 'night')
    }
    await hourly('2026-02-01T00:00:00Z')
    await run('31', 'night', '23')
    expect(await hourly('2026-02-01T00:29:00Z')).toMatchObject({ overdue: false })
    expect(await hourly('2026-02-01T01:31:00Z')).toMatchObject({ overdue: true })
  })
})
