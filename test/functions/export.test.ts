import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type TestApi, finishExport, failJob, startTestApi } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())
afterEach(async () => {
  api.engine.script = undefined
  for (const { job_id } of await api.services.jobs.runningJobs())
    await api.services.jobs.change(job_id, { status: 'cancelled' }, { from: ['queued', 'running'] })
})

const get = (path: string, init: RequestInit = {}) => fetch(api.gateway.url + path, { redirect: 'manual', ...init })
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  get(path, { method: 'POST', body: JSON.stringify(body), headers })

describe('an export', () => {
  it('answers 200 with a URL that downloads the archive under a file name', async () => {
    api.engine.script = finishExport(Buffer.from('the archive'))
    const response = await get('/country/export')
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const body = (await response.json()) as { url: string; expires_at: string; job_id: string }
    expect(body).toMatchObject({
      status: 'succeeded',
      archive: { bucket: 'specstar-archives', size: 11, manifest_sha256: 'ab'.repeat(32) },
      models: { country: { resources: 1, revisions: 2, blobs: 0 } },
      complete: true,
      missing_blobs: { count: 0, ids: [] },
    })
    const left = Date.parse(body.expires_at) - Date.now()
    expect(left).toBeGreaterThan(3_500_000)
    expect(left).toBeLessThanOrEqual(3_600_000)
    const download = await fetch(body.url)
    expect(await download.text()).toBe('the archive')
    expect(download.headers.get('content-disposition')).toContain('country.acbak')
    const job = (await (await get(`/_backup/jobs/${body.job_id}`)).json()) as { result: { url: string } }
    expect(job).toMatchObject({
      kind: 'export',
      status: 'succeeded',
      result: { models: { country: { revisions: 2 } } },
    })
    expect((await fetch(job.result.url)).status).toBe(200)
  })

  it('stores no signed URL in the job', async () => {
    api.engine.script = finishExport(Buffer.from('x'))
    const { job_id } = (await (await get('/_backup/export')).json()) as { job_id: string }
    expect(JSON.stringify(await api.services.jobs.get(job_id))).not.toContain('X-Amz')
  })

  it('answers 202 with the links of the job while it is running', async () => {
    const response = await get('/country/export?wait=0')
    expect(response.status).toBe(202)
    const { job_id, links } = (await response.json()) as { job_id: string; links: object }
    expect(response.headers.get('location')).toBe(`/_backup/jobs/${job_id}`)
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(links).toEqual({
      self: `/_backup/jobs/${job_id}`,
      archive: `/_backup/jobs/${job_id}/archive`,
      cancel: `/_backup/jobs/${job_id}/cancel`,
    })
  })

  it('redirects a client to the archive', async () => {
    api.engine.script = finishExport(Buffer.from('bytes of it'))
    const response = await fetch(`${api.gateway.url}/_backup/export?redirect=true`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-disposition')).toContain('backup.acbak')
    expect(await response.text()).toBe('bytes of it')
  })

  it('answers HEAD of the archive route with the size and the ETag of the archive, without a redirect', async () => {
    api.engine.script = finishExport(Buffer.from('the archive'))
    const { job_id, archive } = (await (await fetch(`${api.gateway.url}/country/export`)).json()) as {
      job_id: string
      archive: { key: string; version_id?: string }
    }
    const url = `${api.gateway.url}/_backup/jobs/${job_id}/archive`
    const head = () => fetch(url, { method: 'HEAD', redirect: 'manual' })
    const response = await head()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe('11')
    const stored = await api.services.objects.head('specstar-archives', archive.key)
    expect(response.headers.get('etag')).toBe(`"${stored?.etag ?? ''}"`)
    await api.s3.send(
      new DeleteObjectCommand({ Bucket: 'specstar-archives', Key: archive.key, VersionId: archive.version_id }),
    )
    expect((await head()).status).toBe(409)
    api.engine.script = undefined
    const imported = (await (
      await fetch(`${api.gateway.url}/_backup/import?wait=0`, { method: 'POST', body: 'x' })
    ).json()) as { job_id: string }
    const restore = `${api.gateway.url}/_backup/jobs/${imported.job_id}/archive`
    expect((await fetch(restore, { method: 'HEAD' })).status).toBe(409)
  })

  it('redirects to the archive route of the job while it is running, which redirects to the archive', async () => {
    const first = await get('/country/export?redirect=true&wait=0')
    expect(first.status).toBe(303)
    const location = first.headers.get('location') ?? ''
    expect(location).toMatch(/^\/_backup\/jobs\/[^/]+\/archive$/)
    const [, , , jobId = ''] = location.split('/')
    const waiting = fetch(api.gateway.url + location)
    await finishExport(Buffer.from('late'))(api.services, jobId)
    expect(await (await waiting).text()).toBe('late')
  })

  it('answers with the problem of the job if the export failed, even if a redirect was requested', async () => {
    api.engine.script = failJob({ type: 'blobs-missing', title: 't', status: 409, detail: 'd' })
    const response = await fetch(`${api.gateway.url}/_backup/export?redirect=true`)
    expect(response.status).toBe(409)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const problem = (await response.json()) as { instance: string }
    expect(problem).toMatchObject({ type: 'blobs-missing', detail: 'd' })
    expect(await (await get(problem.instance)).json()).toMatchObject({
      status: 'failed',
      error: { type: 'blobs-missing', status: 409 },
    })
  })

  it('shares a running job among identical requests, regardless of the order of parameters and values', async () => {
    const before = api.engine.started.length
    const answers = await Promise.all([
      get('/_backup/export?wait=0&models=country,city&ids=b&ids=a'),
      get('/_backup/export?wait=0&models=city&models=country&ids=a&ids=b'),
      post('/_backup/export', { wait: 0, models: ['city', 'country'], ids: ['b', 'a'] }),
    ])
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { job_id: string }).job_id))
    expect(new Set(ids).size).toBe(1)
    expect(new Set(api.engine.started.slice(before)).size).toBe(1)
    const other = (await (await get('/_backup/export?wait=0&models=city,country&ids=a')).json()) as { job_id: string }
    expect(other.job_id).not.toBe(ids[0])
  })

  it('creates a new job if the identical one has ended', async () => {
    api.engine.script = finishExport(Buffer.from('x'))
    const ids = []
    for (let k = 0; k < 3; k++) ids.push(((await (await get('/city/export')).json()) as { job_id: string }).job_id)
    expect(new Set(ids).size).toBe(3)
  })

  it('needs the same number of calls for each repetition of an export that has ended', async () => {
    api.engine.script = finishExport(Buffer.from('x'))
    const counted: number[] = []
    let calls = 0
    api.dynamo.middlewareStack.add(
      (next) => (args) => {
        if (JSON.stringify(args.input).includes('once#')) calls += 1
        return next(args)
      },
      { step: 'initialize', name: 'countKeys' },
    )
    // The clock always shows the same time, because the key contains the minute.
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] })
    try {
      for (let k = 0; k < 5; k++) {
        calls = 0
        await (await get('/memo/export')).json()
        counted.push(calls)
      }
    } finally {
      vi.useRealTimers()
      api.dynamo.middlewareStack.remove('countKeys')
    }
    expect(counted).toEqual([1, 3, 3, 3, 3])
  })
})

describe('an Idempotency-Key', () => {
  it('makes a repeated request return the job of the first one, even if the job has ended', async () => {
    api.engine.script = finishExport(Buffer.from('x'))
    const headers = { 'idempotency-key': 'one' }
    const first = (await (await post('/country/export', {}, headers)).json()) as { job_id: string }
    const started = api.engine.started.length
    const again = (await (await post('/country/export', {}, headers)).json()) as { job_id: string }
    expect(again.job_id).toBe(first.job_id)
    expect(api.engine.started).toHaveLength(started)
  })

  it('cannot be reused for other parameters or another route', async () => {
    const headers = { 'idempotency-key': 'two' }
    await post('/country/export', { wait: 0 }, headers)
    for (const answer of [
      await post('/country/export', { wait: 0, strict: false }, headers),
      await post('/_backup/export', { wait: 0 }, headers),
      await get('/country/import?wait=0', { method: 'POST', body: 'x', headers }),
    ]) {
      expect(answer.status).toBe(422)
      expect(await answer.json()).toMatchObject({ type: 'idempotency-mismatch' })
    }
  })

  it('makes a repeated request start the workflow if the first request died before it did', async () => {
    const headers = { 'idempotency-key': 'three' }
    const { job_id } = (await (await post('/country/export', { wait: 0 }, headers)).json()) as { job_id: string }
    const before = api.engine.started.length
    await post('/country/export', { wait: 0 }, headers)
    expect(api.engine.started.slice(before)).toEqual([job_id])
  })

  it('does not exempt a request from the limit of running jobs, unless the request is repeated', async () => {
    const headers = { 'idempotency-key': 'four' }
    const first = (await (await post('/country/export', { wait: 0 }, headers)).json()) as { job_id: string }
    const { jobs } = api.services
    const one = await jobs.get(first.job_id)
    if (one === undefined) throw new Error('no job')
    await Promise.all(Array.from({ length: 99 }, (_, k) => jobs.create({ ...one, job_id: `flood-${k}` })))
    const another = await post('/country/export', { wait: 0 }, { 'idempotency-key': 'five' })
    expect(another.status).toBe(429)
    expect(await another.json()).toMatchObject({ type: 'too-many-jobs', running: 100 })
    expect(await (await post('/country/export', { wait: 0 }, headers)).json()).toMatchObject(first)
  })
})
