import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SuspiciousArchive } from '../../shared/jobs/export-result.ts'
import type { ExportJob, JobStatus } from '../../shared/jobs/job.ts'
import { counts, judgement, type JudgementMembers } from '../schedules/sample-archives.ts'
import { startTestApi, type TestApi } from './test-api.ts'

const SCHEDULES = JSON.stringify([
  { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 },
  { name: 'weekly', rate: '7 days', keep_days: 60 },
])

let api: TestApi
let made = 0
beforeAll(async () => {
  api = await startTestApi({ SCHEDULES })
})
afterAll(() => api.stop())

const confirm = async (body: unknown, schedule = 'nightly', query = '') => {
  const response = await fetch(`${api.gateway.url}/_backup/schedules/${schedule}/confirm${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Creates a job of the schedule `nightly`. */
const createJob = async (job_id: string, status: JobStatus, suspicious?: SuspiciousArchive): Promise<void> => {
  const created_at = new Date().toISOString()
  const job: ExportJob = {
    job_id,
    kind: 'export',
    status: 'queued',
    source: 'schedule',
    requested_by: 'schedule:nightly',
    created_at,
    request: {
      models: ['memo'],
      filters: {},
      strict: false,
      format: 'acbak',
      schedule: { name: 'nightly', at: created_at },
    },
  }
  await api.services.jobs.create(job)
  const result = {
    archive: { bucket: 'b', key: 'k', size: 1, etag: 'e' },
    models: { memo: counts(3) },
    complete: true,
    missing_blobs: { count: 0, ids: [] },
    ...(suspicious === undefined ? {} : { suspicious }),
  }
  await api.services.jobs.change(
    job_id,
    { status, ...(suspicious === undefined ? {} : { result }) },
    { from: ['queued'] },
  )
}

const FINDING = { model: 'memo', count: 'resources', before: 9, now: 3, compared_with: 's-nightly-1' } as const

/** Stores the judgement of an archive with 3 resources. */
const judged = async (more: JudgementMembers = {}): Promise<string> => {
  const job_id = `s-nightly-test-${made++}`
  const findings = more.state === 'good' || more.state === 'incomplete' ? [] : [FINDING]
  const key = `scheduled/nightly/2026/01/01/${job_id}.acbak`
  await api.services.archiveJudgements.keep(
    'nightly',
    judgement(1, { memo: counts(3) }, { state: 'suspicious', findings, job_id, key, ...more }),
  )
  return job_id
}

describe('POST /_backup/schedules/{name}/confirm', () => {
  it('confirms a suspicious archive, and records the caller and the time in the archive and its job', async () => {
    const job_id = await judged()
    await createJob(job_id, 'succeeded', { resources: 3, findings: [FINDING] })
    const before = Date.now()
    const answer = await confirm({ job_id, resources: 3 })
    expect(answer).toMatchObject({
      status: 200,
      body: { schedule: 'nightly', job_id, resources: 3, decision: 'confirmed', by: 'local' },
    })
    const at = Date.parse(String(answer.body['at']))
    expect(at).toBeGreaterThanOrEqual(before)
    expect(Date.parse(String(answer.body['earlier_archives_kept_until']))).toBe(at + 30 * 86_400_000)
    const job = await (await fetch(`${api.gateway.url}/_backup/jobs/${job_id}`)).json()
    expect(job).toMatchObject({
      status: 'succeeded',
      result: {
        suspicious: { resources: 3, findings: [FINDING], decision: { decision: 'confirmed', by: 'local' } },
      },
    })
  })

  it('rejects a suspicious archive, and accepts its parameters in the query', async () => {
    const job_id = await judged()
    expect(await confirm({}, 'nightly', `?job_id=${job_id}&resources=3&reject=true`)).toMatchObject({
      status: 200,
      body: { decision: 'rejected', by: 'local' },
    })
    const stored = (await api.services.archiveJudgements.list('nightly')).find((one) => one.job_id === job_id)
    expect(stored).toMatchObject({ state: 'rejected', decided: { by: 'local' } })
  })

  it('works although the job of the archive is gone', async () => {
    expect(await confirm({ job_id: await judged(), resources: 3 })).toMatchObject({ status: 200 })
  })

  it('returns the first decision if the same decision is repeated, also by two callers at once', async () => {
    const job_id = await judged()
    const [first, second] = await Promise.all([confirm({ job_id, resources: 3 }), confirm({ job_id, resources: 3 })])
    expect(first.status).toBe(200)
    expect(second).toEqual(first)
    api.clock.ahead += 60_000
    expect(await confirm({ job_id, resources: 3 })).toEqual(first)
  })

  it('does not change a decision', async () => {
    const job_id = await judged()
    await confirm({ job_id, resources: 3, reject: true })
    const answer = await confirm({ job_id, resources: 3 })
    expect(answer).toMatchObject({ status: 409, body: { type: 'conflict', job_status: 'succeeded' } })
    expect(answer.body['detail']).toContain('a decision cannot be changed')
  })

  it('requires the number of resources in the archive', async () => {
    const job_id = await judged()
    expect(await confirm({ job_id, resources: 4 })).toMatchObject({
      status: 409,
      body: { type: 'confirmation-mismatch', given: 4, actual: 3 },
    })
    const [stored] = (await api.services.archiveJudgements.list('nightly')).filter((one) => one.job_id === job_id)
    expect(stored?.state).toBe('suspicious')
  })

  it.each<['good' | 'incomplete', string]>([
    ['good', 'succeeded'],
    ['incomplete', 'partial'],
  ])('does not accept an archive that is %s', async (state, job_status) => {
    expect(await confirm({ job_id: await judged({ state }), resources: 3 })).toMatchObject({
      status: 409,
      body: { type: 'conflict', job_status },
    })
  })

  it('does not accept a job that is running, or that failed', async () => {
    const job_id = await judged()
    await createJob(job_id, 'running')
    expect(await confirm({ job_id, resources: 3 })).toMatchObject({ status: 409, body: { job_status: 'running' } })
    await createJob('s-nightly-failed', 'failed')
    expect(await confirm({ job_id: 's-nightly-failed', resources: 3 })).toMatchObject({
      status: 409,
      body: { job_status: 'failed' },
    })
  })

  it('answers 404 for a schedule and for a job that do not exist', async () => {
    const job_id = await judged()
    expect(await confirm({ job_id, resources: 3 }, 'monthly')).toMatchObject({
      status: 404,
      body: { type: 'unknown-schedule', schedule: 'monthly', schedules: ['nightly', 'weekly'] },
    })
    expect(await confirm({ job_id, resources: 3 }, 'weekly')).toMatchObject({
      status: 404,
      body: { type: 'unknown-job' },
    })
    expect(await confirm({ job_id: 'nobody', resources: 3 })).toMatchObject({
      status: 404,
      body: { type: 'unknown-job' },
    })
  })

  it.each<[string, object, string]>([
    ['no job', { resources: 3 }, 'job_id'],
    ['no number', { job_id: 'x' }, 'resources'],
    ['a negative number', { job_id: 'x', resources: -1 }, 'resources'],
    ['a fraction', { job_id: 'x', resources: 0.5 }, 'resources'],
    ['a job id with a slash', { job_id: 'a/b', resources: 3 }, 'job_id'],
    ['an unknown parameter', { job_id: 'x', resources: 3, force: true }, 'force'],
  ])('answers 400 for %s', async (_, body, field) => {
    const answer = await confirm(body)
    expect(answer).toMatchObject({ status: 400, body: { type: 'invalid-request', errors: [{ field }] } })
  })
})
