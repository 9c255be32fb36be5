import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../shared/restore/report/make-report.ts'
import { EXPORT_RECORDS } from '../../shared/export/messages.ts'
import { APPLY_RECORDS } from '../../shared/restore/messages/apply.ts'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import { RestoreRunningError } from '../../shared/jobs/lease-errors.ts'
import { type TestApi, finishExport, failJob, startTestApi, finishRestore } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())
afterEach(() => {
  api.engine.script = undefined
})

const get = async (path: string, status = 200): Promise<Record<string, unknown>> => {
  const response = await fetch(api.gateway.url + path, { redirect: 'manual' })
  expect(response.status).toBe(status)
  return (await response.json()) as Record<string, unknown>
}
const post = (path: string, body?: string) =>
  fetch(api.gateway.url + path, { method: 'POST', ...(body === undefined ? {} : { body }) })
const jobIdOf = async (answer: Promise<Response>) => ((await (await answer).json()) as { job_id: string }).job_id

describe('the list of jobs', () => {
  it('returns each job once in pages, newest first', async () => {
    const made: string[] = []
    for (let k = 0; k < 5; k++) {
      made.push(await jobIdOf(fetch(`${api.gateway.url}/country/export?wait=0&ids=page-${k}`)))
      made.push(await jobIdOf(post('/city/import?wait=0', `body ${k}`)))
    }
    const seen: string[] = []
    let cursor: unknown
    do {
      const more = typeof cursor === 'string' ? `&cursor=${encodeURIComponent(cursor)}` : ''
      const page = await get(`/_backup/jobs?limit=3${more}`)
      seen.push(...(page['jobs'] as { job_id: string }[]).map(({ job_id }) => job_id))
      cursor = page['cursor']
    } while (cursor !== undefined)
    expect(seen).toEqual(made.toReversed())
    const exports = await get('/_backup/jobs?kind=export')
    expect((exports['jobs'] as { kind: string }[]).map(({ kind }) => kind)).toEqual(Array(5).fill('export'))
    expect(await get('/_backup/jobs?kind=export&status=failed')).toEqual({ jobs: [] })
  })

  it('shows the archive, the counts and the duration of an export that has ended', async () => {
    api.engine.script = finishExport(Buffer.from('archive'))
    const { job_id } = await get('/country/export?ids=summary')
    const { jobs } = (await get('/_backup/jobs?kind=export&status=succeeded')) as { jobs: Record<string, unknown>[] }
    const listed = jobs.find((job) => job['job_id'] === job_id)
    expect(listed).toMatchObject({
      archive: { bucket: api.services.config.buckets.archives, key: `exports/${String(job_id)}.acbak`, size: 7 },
      models: { country: { resources: 1, revisions: 2, blobs: 0 } },
    })
    expect(listed?.['duration_seconds']).toBeGreaterThanOrEqual(0.02)
    expect(listed).not.toHaveProperty('result')
  })

  it('shows the counts of a restore that has ended', async () => {
    api.engine.script = finishRestore
    const job_id = await jobIdOf(post('/country/import', 'summary'))
    const { jobs } = (await get('/_backup/jobs?kind=restore&status=succeeded')) as { jobs: { job_id: string }[] }
    const listed = jobs.find((job) => job.job_id === job_id)
    expect(listed).toMatchObject({ models: { country: { loaded: 3, skipped: 1, total: 4 } } })
    expect(listed).not.toHaveProperty('archive')
    expect(listed).not.toHaveProperty('duration_seconds')
  })

  it('shows the differences that a dry run has counted', async () => {
    const country = { new: 1, changed: 2, same: 3, target_only: 4 }
    api.engine.script = async ({ jobs }, jobId) => {
      const dry_run = { models: { country }, blobs: { new: 0, changed: 0, same: 0 }, findings: [] }
      await jobs.change(jobId, { status: 'succeeded', result: { models: {}, dry_run } }, { from: ['queued'] })
    }
    const job_id = await jobIdOf(post('/country/import?dry_run=true', 'summary'))
    const { jobs } = (await get('/_backup/jobs?kind=restore')) as { jobs: { job_id: string }[] }
    expect(jobs.find((job) => job.job_id === job_id)).toMatchObject({ models: { country } })
  })

  it('keeps the counts of an error, but not its lists', async () => {
    const resource = { model: 'country', resource_id: 'bad', reason: 'r' }
    const error = { type: 'unrestorable-resources', title: 't', status: 409, detail: 'd' }
    api.engine.script = failJob({ ...error, unrestorable_resources: { count: 1, resources: [resource] } })
    const { instance } = await get('/country/export?ids=listed', 409)
    expect(await get(String(instance))).toMatchObject({
      status: 'failed',
      error: { unrestorable_resources: { count: 1, resources: [resource] } },
    })
    const { jobs } = (await get('/_backup/jobs?status=failed')) as { jobs: { job_id: string }[] }
    expect(jobs.find(({ job_id }) => String(instance).endsWith(job_id))).toMatchObject({
      error: { ...error, unrestorable_resources: { count: 1 } },
    })
    expect(JSON.stringify(jobs)).not.toContain('"resources"')
  })
})

describe('a job', () => {
  it('shows the parameters of its request, the caller and its links', async () => {
    const id = await jobIdOf(post('/country/import?wait=0&dry_run=true&created_bys=ann', 'x'))
    expect(await get(`/_backup/jobs/${id}`)).toMatchObject({
      job_id: id,
      kind: 'restore',
      status: 'queued',
      source: 'api',
      requested_by: 'local',
      request: { models: ['country'], created_bys: ['ann'], on_duplicate: 'overwrite', dry_run: true },
      links: { self: `/_backup/jobs/${id}`, cancel: `/_backup/jobs/${id}/cancel` },
    })
  })

  it('shows the progress of its phase and the sums of the counts in its results', async () => {
    const { jobs } = api.services
    const id = await jobIdOf(fetch(`${api.gateway.url}/country/export?wait=0&ids=progress`))
    await jobs.change(id, { status: 'running' }, { from: ['queued'] })
    await jobs.plan(id, 'export-records', 3, { resources: 20, revisions: 30 })
    const object = { bucket: 'b', key: 'k', size: 1, etag: 'e' }
    const piece = { object, model: 'country', first_h: '0', resources: 5, revisions: 7 }
    const rest = { segments: [], references: { object, payloads: 0, blobs: 0 } }
    await jobs.keepResult(id, EXPORT_RECORDS, 0, 0, { done: false, cursor: 'x', pieces: [piece], ...rest })
    await jobs.keepResult(id, EXPORT_RECORDS, 0, 1, { done: true, pieces: [piece, piece], ...rest })
    await jobs.keepResult(id, EXPORT_RECORDS, 1, 0, { done: true, pieces: [], ...rest })
    expect(await get(`/_backup/jobs/${id}`)).toMatchObject({
      status: 'running',
      phase: 'export-records',
      progress: { done: 2, total: 3 },
      counts: { resources: 15, revisions: 21 },
      expected: { resources: 20, revisions: 30 },
    })
  })

  it('shows the operations that were throttled within the last two minutes, but only while it is running', async () => {
    const { jobs } = api.services
    const id = await jobIdOf(fetch(`${api.gateway.url}/country/export?wait=0&ids=throttled`))
    const at = new Date(Math.floor(Date.now() / 1_000) * 1_000)
    const query = { by: 'DynamoDB table t', operation: 'Query', since: at, last_at: at, attempts: 3 }
    const long = new Date(at.getTime() - 121_000)
    const head = { by: 'S3 bucket b', operation: 'HeadObject', since: long, last_at: long, attempts: 1 }
    await jobs.throttled.add(id, [query, head])
    expect(await get(`/_backup/jobs/${id}`)).not.toHaveProperty('throttled')
    await jobs.change(id, { status: 'running' }, { from: ['queued'] })
    const times = { since: at.toISOString(), last_at: at.toISOString() }
    expect(await get(`/_backup/jobs/${id}`)).toMatchObject({ throttled: [{ ...query, ...times }] })
  })

  it('shows the progress of the phases of a restore', async () => {
    const { jobs } = api.services
    const id = await jobIdOf(post('/_backup/import?wait=0', 'progress'))
    await jobs.change(id, { status: 'running' }, { from: ['queued'] })
    await jobs.plan(id, 'apply-records', 2)
    await jobs.keepResult(id, APPLY_RECORDS, 0, 0, { done: true, model: 'city', loaded: 4, skipped: 1 })
    const job = await get(`/_backup/jobs/${id}`)
    expect(job).not.toHaveProperty('expected')
    expect(job).toMatchObject({
      phase: 'apply-records',
      progress: { done: 1, total: 2 },
      counts: { loaded: 4, skipped: 1 },
    })
  })

  const reportOf = (job_id: string): Report => {
    const check = { passed: true, checked: 1, findings: [], findings_total: 0 }
    const at = '2026-01-05T08:30:00.000Z'
    return {
      job_id,
      passed: true,
      proved: true,
      started_at: at,
      ended_at: at,
      archive: {
        bucket: 'b',
        key: 'k',
        size: 1,
        etag: 'e',
        format: 'acbak',
        manifest_sha256: 'ab'.repeat(32),
        proven_manifest: true,
      },
      strategy: 'overwrite',
      models: { country: { loaded: 1, skipped: 0, total: 1, changed_since: 0 } },
      checks: { counts: check, content: check, references: check, blobs: check, revisions: check, search: check },
      missing_blobs: [],
      blob_conflicts: [],
    }
  }

  it('has a report when its restore has ended: that of the verification, or the error', async () => {
    const { jobs, objects } = api.services
    const running = await jobIdOf(post('/_backup/import?wait=0', 'report'))
    await get(`/_backup/jobs/${running}/report`, 202)
    const report = reportOf(running)
    const kept = await objects.putJson('specstar-archives', `reports/${running}.json`, report)
    const result = {
      models: {},
      verification: { passed: true, checks: {} },
      report: { bucket: kept.bucket, key: kept.key },
    }
    await jobs.change(running, { status: 'succeeded', result }, { from: ['queued'] })
    expect(await get(`/_backup/jobs/${running}/report`)).toEqual(report)

    api.engine.script = failJob({ type: 'archive-truncated', title: 't', status: 400, detail: 'd' })
    const failed = ((await (await post('/_backup/import', 'cut')).json()) as { instance: string }).instance
    expect(await get(`${failed}/report`)).toMatchObject({ passed: false, error: { type: 'archive-truncated' } })
  })

  it('redirects to a report that is too large for an answer', async () => {
    const { jobs, objects } = api.services
    const job_id = await jobIdOf(post('/_backup/import?wait=0', 'large report'))
    const whole = { passed: true, missing_blobs: ['x'.repeat(4 * 1024 * 1024)] }
    const { bucket, key } = await objects.putJson('specstar-archives', `reports/${job_id}.json`, whole)
    await jobs.change(
      job_id,
      {
        status: 'succeeded',
        result: { models: {}, verification: { passed: true, checks: {} }, report: { bucket, key } },
      },
      { from: ['queued'] },
    )
    const response = await fetch(`${api.gateway.url}/_backup/jobs/${job_id}/report`, { redirect: 'manual' })
    expect(response.status).toBe(303)
    expect(await (await fetch(response.headers.get('location') ?? '')).json()).toEqual(whole)
  })

  it('has no report if it is an export, and no archive if it is a restore', async () => {
    api.engine.script = finishExport(Buffer.from('x'))
    const exported = await jobIdOf(fetch(`${api.gateway.url}/country/export?ids=no-report`))
    await get(`/_backup/jobs/${exported}/report`, 409)
    api.engine.script = finishRestore
    const imported = await jobIdOf(post('/_backup/import', 'no archive'))
    await get(`/_backup/jobs/${imported}/archive`, 409)
  })
})

describe('cancelling', () => {
  it('stops a job, and may be repeated', async () => {
    const id = await jobIdOf(fetch(`${api.gateway.url}/country/export?wait=0&ids=cancel`))
    for (let k = 0; k < 2; k++) {
      const response = await post(`/_backup/jobs/${id}/cancel`)
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ job_id: id, status: 'cancelled' })
    }
    expect(api.engine.stopped).toContain(id)
    await get(`/_backup/jobs/${id}/archive`, 409)
  })

  it('leaves leases draining if the job started to write before it was stopped', async () => {
    const { services } = api
    const id = await jobIdOf(post('/country/import?wait=0', 'cancelled late'))
    await services.jobs.change(id, { status: 'running', leased: ['country'] }, { from: ['queued'] })
    await services.jobs.plan(id, 'preflight', 1)
    await services.leases.take('country', id)
    const workflows = {
      start: () => Promise.resolve(),
      stop: () => services.jobs.plan(id, 'apply-blobs', 1),
      isRunning: () => Promise.resolve(true),
    }
    await cancelJob({ ...services, workflows }, id)
    await expect(services.leases.take('country', 'another')).rejects.toThrow(RestoreRunningError)
    await services.leases.held(['country'], id).free()
  })

  it('closes an upload slot', async () => {
    const id = await jobIdOf(post('/_backup/import'))
    expect((await post(`/_backup/jobs/${id}/cancel`)).status).toBe(200)
    expect(await get(`/_backup/jobs/${id}/report`)).toMatchObject({ passed: false, error: { type: 'conflict' } })
  })

  it('is rejected for a job that has ended', async () => {
    api.engine.script = finishRestore
    const id = await jobIdOf(post('/_backup/import', 'ended'))
    const response = await post(`/_backup/jobs/${id}/cancel`)
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({ type: 'conflict', job_status: 'succeeded' })
  })
})
