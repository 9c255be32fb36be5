import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CheckAnswer } from '../../functions/http/check-view.ts'
import type { CheckJob } from '../../shared/jobs/job.ts'
import { failJob, finishCheck, finishExport, finishRestore, startTestApi, type TestApi } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())
afterEach(() => {
  api.engine.script = undefined
  api.clock.ahead = 0
})

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown> & { readonly job_id: string }
}

const request = async (
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> => {
  const response = await fetch(api.gateway.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  }
}

const check = (body: unknown, headers: Record<string, string> = {}) => request('POST', '/_backup/check', body, headers)

const findCheck = async (jobId: string): Promise<CheckJob> => {
  const job = await api.services.jobs.get(jobId)
  if (job?.kind !== 'check') throw new Error(`job ${jobId} is not a check`)
  return job
}

/** Exports with a scripted workflow, and returns the job id. */
const exportJob = async (): Promise<string> => {
  api.engine.script = finishExport(Buffer.from('archive'))
  const { body } = await request('POST', '/country/export', {})
  return body.job_id
}

/** Writes an object to the archive bucket, and returns its location. */
const putArchive = async (key: string) => {
  const { objects, config } = api.services
  const { bucket, etag, version_id } = await objects.put(config.buckets.archives, key, Buffer.from('archive'))
  return { bucket, key, etag, version_id }
}

describe('the limit of checks', () => {
  const clear = async (): Promise<void> => {
    for (const { job_id, status } of await api.services.jobs.runningJobs())
      await api.services.jobs.change(job_id, { status: 'cancelled' }, { from: [status] })
  }
  afterEach(clear)

  it('rejects an eleventh running check, and counts no other jobs', async () => {
    const from = { job_id: await exportJob() }
    api.engine.script = undefined
    await request('POST', '/country/export', { wait: 0 })
    const keys = Array.from({ length: 11 }, (_, k) => ({ 'idempotency-key': `check ${k}` }))
    for (const key of keys.slice(0, 10)) expect((await check({ from, wait: 0 }, key)).status).toBe(202)
    const { status, headers, body } = await check({ from, wait: 0 }, keys[10])
    expect([status, headers.get('retry-after')]).toEqual([429, '30'])
    expect(body).toMatchObject({
      type: 'too-many-jobs',
      detail:
        '10 checks are queued or running and 0 more are starting; at most 10 are allowed at the same time. ' +
        'Retry after some of these checks have ended. ' +
        'If a job stays queued for hours, its workflow was not started: cancel it',
      checks: 10,
    })
    expect((await check({ from, wait: 0 }, keys[0])).status).toBe(202)
    await clear()
    expect((await check({ from, wait: 0 }, keys[10])).status).toBe(202)
  })

  it('does not count checks as running jobs, so that they never prevent an export', async () => {
    api.engine.script = undefined
    const archive = { bucket: api.services.config.buckets.archives, key: 'exports/a.acbak', etag: 'e', size: 7 }
    for (let k = 0; k < 100; k++)
      await api.services.jobs.create({
        job_id: `a-check-${k}`,
        kind: 'check',
        status: 'queued',
        source: 'api',
        requested_by: 'local',
        created_at: api.services.clock().toISOString(),
        request: { filters: {}, archive },
      })
    expect((await request('POST', '/memo/export', { wait: 0 })).status).toBe(202)
  })
})

describe('POST /_backup/check', () => {
  it('checks the archive of an export, and returns the result that its schema describes', async () => {
    const job_id = await exportJob()
    api.engine.script = finishCheck
    const answer = await check({ from: { job_id } })
    expect(answer).toMatchObject({
      status: 200,
      body: {
        status: 'succeeded',
        models: { country: { resources: 1, revisions: 2, blobs: 0 } },
        bytes: 7,
        verification: { passed: true },
        missing_blobs: { count: 0, ids: [] },
      },
    })
    expect(CheckAnswer.parse(answer.body)).toEqual(answer.body)
    const { request, source, requested_by } = await findCheck(answer.body.job_id)
    expect({ source, requested_by }).toEqual({ source: 'api', requested_by: 'local' })
    expect(request).toMatchObject({ filters: {}, archive: { key: `exports/${job_id}.acbak` } })
  })

  it('checks an object by its location, and pins the version that is current at the time of the request', async () => {
    api.engine.script = finishCheck
    const { bucket, key, etag, version_id } = await putArchive('some/where.acbak')
    await putArchive('some/where.acbak')
    const { body } = await check({ from: { bucket, key, version_id } })
    expect((await findCheck(body.job_id)).request.archive).toEqual({ bucket, key, etag, version_id })
  })

  it('waits at most for the time of the parameter `wait`, and then returns the job', async () => {
    const { bucket, key } = await putArchive('slow.acbak')
    const answer = await check({ from: { bucket, key }, wait: 0 })
    expect(answer).toMatchObject({ status: 202, body: { kind: 'check', status: 'queued' } })
    expect(answer.headers.get('location')).toBe(`/_backup/jobs/${answer.body.job_id}`)
    expect(answer.body['links']).toEqual({
      self: `/_backup/jobs/${answer.body.job_id}`,
      cancel: `/_backup/jobs/${answer.body.job_id}/cancel`,
    })
    expect(answer.body['request']).toMatchObject({ archive: { bucket, key } })
  })

  it('starts no new job for a repeated request with the same Idempotency-Key', async () => {
    const { bucket, key } = await putArchive('once.acbak')
    const headers = { 'idempotency-key': 'check once' }
    const first = await check({ from: { bucket, key }, wait: 0 }, headers)
    expect(await check({ from: { bucket, key }, wait: 0 }, headers)).toMatchObject({
      status: 202,
      body: { job_id: first.body.job_id },
    })
    expect(await check({ from: { bucket, key: 'other.acbak' }, wait: 0 }, headers)).toMatchObject({
      status: 422,
      body: { type: 'idempotency-mismatch' },
    })
    // A restore of the same archive is another request.
    expect(await request('POST', '/_backup/import', { from: { bucket, key }, wait: 0 }, headers)).toMatchObject({
      status: 422,
      body: { type: 'idempotency-mismatch' },
    })
  })

  it('returns the problem of a job that failed', async () => {
    const { bucket, key } = await putArchive('damaged.acbak')
    api.engine.script = failJob({ type: 'entry-corrupt', title: 't', status: 400, detail: 'd', entry: 'e' })
    const answer = await check({ from: { bucket, key } })
    expect(answer).toMatchObject({ status: 400, body: { type: 'entry-corrupt', entry: 'e' } })
    const path = String(answer.body['instance'])
    expect(await request('GET', `${path}/report`)).toMatchObject({
      status: 200,
      body: { passed: false, error: { type: 'entry-corrupt' } },
    })
  })

  it('rejects the job id of a restore or of a check, because only exports have an archive', async () => {
    const { bucket, key } = await putArchive('both.acbak')
    api.engine.script = finishRestore
    const restore = await request('POST', '/_backup/import', { from: { bucket, key } })
    api.engine.script = finishCheck
    const checked = await check({ from: { bucket, key } })
    for (const [kind, { body }] of Object.entries({ restore, check: checked }))
      expect(await check({ from: { job_id: body.job_id } })).toMatchObject({
        status: 400,
        body: {
          type: 'invalid-request',
          errors: [{ field: 'from.job_id', message: `job ${body.job_id} is a ${kind}; only exports have an archive` }],
        },
      })
  })
})

describe('the job of a check', () => {
  it('is listed by its kind, with the counts of each model', async () => {
    const { bucket, key } = await putArchive('listed.acbak')
    api.engine.script = finishCheck
    const { body } = await check({ from: { bucket, key } })
    const list = await request('GET', '/_backup/jobs?kind=check&limit=1')
    expect(list.body['jobs']).toMatchObject([
      {
        job_id: body.job_id,
        kind: 'check',
        models: { country: { resources: 1, revisions: 2, blobs: 0 } },
        links: { report: `/_backup/jobs/${body.job_id}/report` },
      },
    ])
    const others = await request('GET', '/_backup/jobs?kind=restore&limit=200')
    expect((others.body['jobs'] as { job_id: string }[]).map(({ job_id }) => job_id)).not.toContain(body.job_id)
  })

  it('contains the same result as the response of the check', async () => {
    const { bucket, key } = await putArchive('shown.acbak')
    api.engine.script = finishCheck
    const { body } = await check({ from: { bucket, key } })
    expect((await request('GET', `/_backup/jobs/${body.job_id}`)).body['result']).toEqual(body)
  })

  it('can be cancelled, which stops its workflow', async () => {
    const { bucket, key } = await putArchive('cancelled.acbak')
    const { body } = await check({ from: { bucket, key }, wait: 0 })
    expect(await request('POST', `/_backup/jobs/${body.job_id}/cancel`)).toMatchObject({
      status: 200,
      body: { kind: 'check', status: 'cancelled' },
    })
    expect(api.engine.stopped).toContain(body.job_id)
    expect(await request('GET', `/_backup/jobs/${body.job_id}/report`)).toMatchObject({
      status: 200,
      body: { passed: false, error: { type: 'conflict' } },
    })
  })

  it('has no archive to download', async () => {
    const { bucket, key } = await putArchive('not-exported.acbak')
    const { body } = await check({ from: { bucket, key }, wait: 0 })
    expect(await request('GET', `/_backup/jobs/${body.job_id}/archive`)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('is a check; only exports have an archive') as string },
    })
  })
})
