import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HealthView } from '../../functions/http/health-view.ts'
import type { ExportJob, JobStatus, RestoreJob } from '../../shared/jobs/job.ts'
import type { Problem } from '../../shared/problems/problem.ts'
import type { ArchiveJudgement } from '../../shared/schedules/archive-judgement.ts'
import { injectFaults } from '../faults/fault-middleware.ts'
import { counts, judgement } from '../schedules/sample-archives.ts'
import { startTestApi, type TestApi } from './test-api.ts'

const SCHEDULES = JSON.stringify([
  { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 },
  { name: 'weekly', rate: '7 days', keep_days: 60 },
])
const HOUR_MS = 3_600_000

let api: TestApi
let made = 0
/** The names of the commands that the route has sent to DynamoDB and S3. */
let commands: string[] = []
beforeAll(async () => {
  api = await startTestApi({ SCHEDULES })
  for (const client of [api.dynamo, api.s3])
    injectFaults(client, (_, command) => {
      commands.push(command)
      return undefined
    })
})
beforeEach(() => {
  // Each test has days of its own.
  api.clock.ahead += 200 * 24 * HOUR_MS
})
afterEach(async () => {
  const { notEnded } = await api.services.jobs.recent({ since: now(), limit: 1 })
  for (const { job_id, status } of notEnded)
    await api.services.jobs.change(job_id, { status: 'cancelled' }, { from: [status] })
})
afterAll(() => api.stop())

const health = async (): Promise<HealthView> => {
  commands = []
  const response = await fetch(`${api.gateway.url}/_backup/health`)
  expect(response.status).toBe(200)
  const body: unknown = await response.json()
  const view = HealthView.parse(body)
  expect(view, 'the schema describes all members').toEqual(body)
  return view
}

const now = (): Date => api.services.clock()

const MEMBERS = () => ({
  job_id: `job-${made++}`,
  status: 'queued' as const,
  source: 'api' as const,
  requested_by: 'local',
  created_at: now().toISOString(),
})
const create = async (job: ExportJob | RestoreJob, status: JobStatus, error?: Problem): Promise<string> => {
  await api.services.jobs.create(job)
  const ended_at = now().toISOString()
  if (status !== 'queued')
    await api.services.jobs.change(
      job.job_id,
      { status, ...(error === undefined ? {} : { error, ended_at }) },
      { from: ['queued'] },
    )
  return job.job_id
}
const exportJob = (more: Partial<ExportJob> = {}): ExportJob => ({
  ...MEMBERS(),
  kind: 'export',
  request: { models: ['memo'], filters: {}, strict: true, format: 'acbak' },
  ...more,
})
const restoreJob = (): RestoreJob => ({
  ...MEMBERS(),
  kind: 'restore',
  request: { filters: {}, on_duplicate: 'skip', dry_run: false, archive: { bucket: 'other', key: 'k' } },
})
const problem = (type: string): Problem => ({ type, title: 't', status: 409, detail: 'd' })

describe('GET /_backup/health', () => {
  it('is ok if nothing is wrong, states what it does not check, and only reads the job table', async () => {
    await create(exportJob(), 'succeeded')
    expect(await health()).toEqual({
      status: 'ok',
      at: expect.any(String) as string,
      checks: {
        jobs: {
          status: 'ok',
          queued: 0,
          running: 0,
          awaiting_upload: 0,
          since: expect.any(String) as string,
          failed: [],
          rejected: 0,
          all_examined: true,
        },
        schedules: { status: 'ok', total: 2, overdue: [], unknown: [], suspicious: [], paused: [] },
        throttling: { status: 'ok', jobs: [] },
      },
      not_checked: expect.arrayContaining([expect.stringContaining('archives can still be opened')]) as string[],
    })
    expect(new Set(commands)).toEqual(new Set(['QueryCommand', 'BatchGetItemCommand', 'GetItemCommand']))
    expect(commands.length).toBeLessThan(25)
  })

  it('lists failed jobs of the last 24 hours, and only counts those that failed because of their callers', async () => {
    const old = await create(exportJob(), 'failed', problem('internal-error'))
    api.clock.ahead += 25 * HOUR_MS
    const failed = await create(exportJob(), 'failed', problem('torn-resources'))
    const scheduled = await create(exportJob({ source: 'schedule' }), 'failed', problem('specstar-refuses'))
    await create(exportJob(), 'failed', problem('specstar-refuses'))
    await create(restoreJob(), 'failed', problem('archive-truncated'))
    const { status, checks } = await health()
    expect(status).toBe('degraded')
    expect(checks.jobs).toMatchObject({ status: 'degraded', all_examined: true, rejected: 2 })
    const ended_at = expect.any(String) as string
    expect(checks.jobs.failed).toEqual([
      { job_id: scheduled, kind: 'export', source: 'schedule', ended_at, type: 'specstar-refuses' },
      { job_id: failed, kind: 'export', source: 'api', ended_at, type: 'torn-resources' },
    ])
    expect(JSON.stringify(checks)).not.toContain(`"${old}"`)
  })

  it('lists a job that failed now, although it was created days ago and many jobs were created since then', async () => {
    const slow = exportJob()
    await api.services.jobs.create(slow)
    api.clock.ahead += 72 * HOUR_MS
    for (let k = 0; k < 51; k++) await create(exportJob(), 'succeeded')
    const ending = { status: 'failed', ended_at: now().toISOString(), error: problem('internal-error') } as const
    await api.services.jobs.change(slow.job_id, ending, { from: ['queued'] })
    const { status, checks } = await health()
    expect(status).toBe('degraded')
    expect(checks.jobs.failed.map(({ job_id }) => job_id)).toEqual([slow.job_id])
  })

  it('is degraded if more than 200 jobs failed, because it examines only the newest 200', async () => {
    const caller = problem('archive-truncated')
    for (let k = 0; k < 200; k++) await create(restoreJob(), 'failed', caller)
    expect((await health()).checks.jobs).toMatchObject({ status: 'ok', rejected: 200, all_examined: true })
    await create(restoreJob(), 'failed', caller)
    expect((await health()).checks.jobs).toMatchObject({ status: 'degraded', rejected: 200, all_examined: false })
  })

  it('counts the jobs that have not ended, and lists throttled jobs', async () => {
    await create(exportJob(), 'queued')
    const running = await create(exportJob(), 'running')
    await create(
      { ...restoreJob(), slot_expires_at: new Date(now().getTime() + HOUR_MS).toISOString() },
      'awaiting_upload',
    )
    const [since, last_at] = [now(), now()]
    const by = 'DynamoDB table specstar-resources'
    await api.services.jobs.throttled.add(running, [{ by, operation: 'PutItem', since, last_at, attempts: 3 }])
    const { status, checks } = await health()
    expect(checks.jobs).toMatchObject({ status: 'ok', queued: 1, running: 1, awaiting_upload: 1 })
    expect(status).toBe('degraded')
    expect(checks.throttling).toEqual({
      status: 'degraded',
      jobs: [{ job_id: running, calls: [{ by, operation: 'PutItem', attempts: 3, last_at: last_at.toISOString() }] }],
    })
  })

  it('names paused, overdue and suspicious schedules', async () => {
    await fetch(`${api.gateway.url}/_backup/schedules/weekly/pause`, { method: 'POST' })
    const paused = await health()
    expect(paused.status).toBe('ok')
    expect(paused.checks.schedules.paused).toEqual([
      { name: 'weekly', by: 'local', until: expect.any(String) as string },
    ])
    await api.services.jobs.firstSeen(`schedule#nightly#${JSON.stringify({ cron: '0 3 * * ? *' })}`)
    api.clock.ahead += 48 * HOUR_MS
    expect((await health()).checks.schedules).toMatchObject({
      status: 'degraded',
      overdue: ['nightly'],
      suspicious: [],
    })
    const at = now().toISOString()
    const day = at.slice(0, 10).replaceAll('-', '/')
    const [good, bad] = ['good', 'suspicious'] as const
    for (const [k, state] of [good, bad].entries())
      await api.services.archiveJudgements.keep(
        'nightly',
        judgement(
          1,
          { memo: counts(1) },
          { at, state, job_id: `j-${k}`, key: `scheduled/nightly/${day}/j-${k}.acbak` },
        ),
      )
    expect((await health()).checks.schedules).toMatchObject({
      status: 'degraded',
      overdue: [],
      suspicious: ['nightly'],
    })
  })

  it('names a suspicious schedule until somebody decides, also after the next export has started or failed', async () => {
    const { archiveJudgements } = api.services
    const keep = async (state: 'good' | 'incomplete' | 'suspicious', hoursAgo: number): Promise<ArchiveJudgement> => {
      const at = new Date(now().getTime() - hoursAgo * HOUR_MS).toISOString()
      const job_id = `j-${made++}`
      const key = `scheduled/nightly/${at.slice(0, 10).replaceAll('-', '/')}/${at}-${job_id}.acbak`
      const kept = judgement(1, { memo: counts(1) }, { at, state, job_id, key })
      await archiveJudgements.keep('nightly', kept)
      return kept
    }
    await keep('good', 48)
    const bad = await keep('suspicious', 24)
    const run = exportJob({ source: 'schedule' })
    await api.services.jobs.create(run)
    await api.services.scheduleRecords.storeRun('nightly', { job_id: run.job_id, due_at: now().toISOString() })
    const suspicious = async (): Promise<unknown> => {
      const { status, suspicious: names } = (await health()).checks.schedules
      if (names.length > 0) expect(status).toBe('degraded')
      return names
    }
    const undecided = ['nightly']
    expect(await suspicious()).toEqual(undecided)
    await api.services.jobs.change(run.job_id, { status: 'failed' }, { from: ['queued'] })
    expect(await suspicious()).toEqual(undecided)
    // An incomplete archive replaces no archive, and needs no decision.
    await keep('incomplete', 2)
    expect(await suspicious()).toEqual(undecided)
    const decision = { state: 'rejected', decided: { by: 'a', at: now().toISOString() } } as const
    await archiveJudgements.decide('nightly', bad, decision)
    expect(await suspicious()).toEqual([])
    await keep('suspicious', 1)
    expect(await suspicious()).toEqual(undecided)
    await keep('good', 0)
    expect(await suspicious()).toEqual([])
  })

  it('names a schedule whose search for a good archive has ended before its last due time', async () => {
    await api.services.jobs.firstSeen(`schedule#nightly#${JSON.stringify({ cron: '0 3 * * ? *' })}`)
    api.clock.ahead += 48 * HOUR_MS
    const at = now().toISOString()
    const keep = (k: number) =>
      api.services.archiveJudgements.keep(
        'nightly',
        judgement(
          1,
          { memo: counts(1) },
          {
            at,
            state: 'incomplete',
            job_id: `j-${k}`,
            key: `scheduled/nightly/${at.slice(0, 10).replaceAll('-', '/')}/j-${k}.acbak`,
          },
        ),
      )
    for (let k = 0; k < 499; k++) await keep(k)
    expect((await health()).checks.schedules).toMatchObject({ status: 'degraded', overdue: ['nightly'], unknown: [] })
    await keep(499)
    expect(await health()).toMatchObject({
      status: 'degraded',
      checks: { schedules: { status: 'degraded', overdue: [], unknown: ['nightly'], suspicious: [] } },
    })
  })

  it('responds with a problem if the job table cannot be read', async () => {
    const { jobs } = api.services
    const recent = jobs.recent.bind(jobs)
    jobs.recent = () => Promise.reject(Object.assign(new Error('denied'), { name: 'AccessDeniedException' }))
    const response = await fetch(`${api.gateway.url}/_backup/health`)
    jobs.recent = recent
    expect(response.status).toBe(500)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  it('accepts no parameters', async () => {
    const response = await fetch(`${api.gateway.url}/_backup/health?deep=true`)
    expect(response.status).toBe(400)
  })
})
