import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { handler, type UploadEvent } from '../../functions/events/upload.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import { TooManyJobsError } from '../../shared/jobs/errors.ts'
import { findJob } from '../../functions/http/job-view.ts'
import { sweepUploads } from '../../shared/restore/start/sweep-uploads.ts'
import { type TestApi, finishExport, failJob, startTestApi, finishRestore } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())
afterEach(() => {
  api.engine.script = undefined
  api.clock.ahead = 0
})

const handle = (event: UploadEvent): Promise<void> => handler(event, localContext('upload', 'test', 60_000))
const post = (path: string, body?: RequestInit['body'], headers: Record<string, string> = {}) =>
  fetch(api.gateway.url + path, { method: 'POST', headers, ...(body === undefined ? {} : { body }) })
const json = { 'content-type': 'application/json' }

interface Slot {
  readonly job_id: string
  readonly slot_expires_at: string
  readonly upload: {
    readonly url: string
    readonly headers: Record<string, string>
    readonly expires_at: string
    readonly bucket: string
    readonly key: string
  }
}
const openSlot = async (path: string): Promise<Slot> => (await (await post(path)).json()) as Slot

const RESTORES = 'specstar-restores'

const findRestoreJob = async (jobId: string) => {
  const job = await findJob(api.services, jobId)
  if (job.kind !== 'restore') throw new Error('not a restore')
  return job
}

/** Uploads an object and returns the event that S3 sends: with the ETag without quotes, and an increasing sequencer. */
let sequence = 0
const uploadEvent = async (key: string, bytes: string) => {
  const { etag } = await api.services.objects.put(RESTORES, key, Buffer.from(bytes))
  const object = { key, etag: etag.replaceAll('"', ''), sequencer: `${++sequence}` }
  return { detail: { bucket: { name: RESTORES }, object } }
}

const reportOf = (key: string) => api.services.objects.getJson(RESTORES, `${key}.report.json`)

/** Creates as many queued jobs as are allowed. Returns a function that ends them. */
const startManyJobs = async (prefix: string): Promise<() => Promise<void>> => {
  const { jobs } = api.services
  await handle(await uploadEvent(`skip/_all/${prefix}.acbak`, 'x'))
  const template = await jobs.get(api.engine.started.at(-1) ?? '')
  if (template === undefined) throw new Error('no job was started')
  const ids = Array.from({ length: 100 }, (_, k) => `${prefix}-${k}`)
  await Promise.all(ids.map((job_id) => jobs.create({ ...template, job_id })))
  return async () => {
    await Promise.all(ids.map((id) => jobs.change(id, { status: 'failed' }, { from: ['queued'] })))
  }
}

describe('an archive in the request', () => {
  it('is stored in the work bucket under the job id and restored', async () => {
    api.engine.script = finishRestore
    const bytes = Buffer.from(Array.from({ length: 3000 }, (_, k) => k % 256))
    const response = await post('/country/import?on_duplicate=skip&ids=x', bytes)
    expect(response.status).toBe(200)
    const body = (await response.json()) as { job_id: string }
    expect(body).toEqual({
      job_id: body.job_id,
      status: 'succeeded',
      loaded: 3,
      skipped: 1,
      total: 4,
      verification: { passed: true, checks: {} },
    })
    const { request } = await findRestoreJob(body.job_id)
    expect(request).toMatchObject({
      models: ['country'],
      filters: { ids: ['x'] },
      on_duplicate: 'skip',
      dry_run: false,
      archive: { bucket: 'specstar-work', key: `work/${body.job_id}/request.acbak` },
    })
    expect(await api.services.objects.getBytes('specstar-work', request.archive?.key ?? '')).toEqual(bytes)
  })

  it('may be a field of a form', async () => {
    api.engine.script = finishRestore
    const form = new FormData()
    form.append('file', new Blob(['form bytes']), 'backup.acbak')
    const response = await post('/_backup/import', form)
    expect(response.status).toBe(200)
    const { job_id, ...rest } = (await response.json()) as { job_id: string }
    expect(rest).toMatchObject({ models: { country: { loaded: 3, skipped: 1, total: 4 } } })
    const kept = await api.services.objects.getBytes('specstar-work', `work/${job_id}/request.acbak`)
    expect(kept?.toString()).toBe('form bytes')
  })

  it('may be exactly 4 MiB', async () => {
    api.engine.script = finishRestore
    expect((await post('/_backup/import', new Uint8Array(4 * 1024 * 1024))).status).toBe(200)
  })

  it('is answered with the problem of the job if the restore failed', async () => {
    api.engine.script = failJob({
      type: 'duplicates',
      title: 't',
      status: 409,
      detail: 'd',
      duplicates: { count: 2, ids: ['a', 'b'] },
    })
    const response = await post('/_backup/import?on_duplicate=raise_error', 'x')
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({ type: 'duplicates', duplicates: { count: 2, ids: ['a', 'b'] } })
  })

  it('cannot be replaced by a repeated request with the same Idempotency-Key and other bytes', async () => {
    const headers = { 'idempotency-key': 'body' }
    const first = (await (await post('/_backup/import?wait=0', 'one', headers)).json()) as { job_id: string }
    const again = await post('/_backup/import?wait=0', 'one', headers)
    expect(await again.json()).toMatchObject({ job_id: first.job_id })
    expect((await post('/_backup/import?wait=0', 'two', headers)).status).toBe(422)
    const kept = await api.services.objects.getBytes('specstar-work', `work/${first.job_id}/request.acbak`)
    expect(kept?.toString()).toBe('one')
  })

  it('is that of one request only, if simultaneous requests with the same key send different bytes', async () => {
    for (let k = 0; k < 5; k++) {
      const bodies = ['one', 'two', 'three']
      const headers = { 'idempotency-key': `at once ${k}` }
      const answers = await Promise.all(bodies.map((body) => post('/_backup/import?wait=0', body, headers)))
      expect(answers.map(({ status }) => status).sort()).toEqual([202, 422, 422])
      const won = answers.findIndex(({ status }) => status === 202)
      const { job_id } = (await answers[won]?.json()) as { job_id: string }
      const kept = await api.services.objects.head('specstar-work', `work/${job_id}/request.acbak`)
      const job = await api.services.jobs.get(job_id)
      expect(job).toMatchObject({ request: { archive: { etag: kept?.etag } } })
      expect(kept?.size).toBe(bodies[won]?.length)
    }
  })
})

describe('an archive in S3', () => {
  it('may be that of an export, pinned to its ETag', async () => {
    api.engine.script = finishExport(Buffer.from('a'))
    const exported = (await (await fetch(`${api.gateway.url}/country/export`)).json()) as {
      job_id: string
      archive: { key: string }
    }
    api.engine.script = undefined
    const response = await post('/_backup/import?wait=0', JSON.stringify({ from: { job_id: exported.job_id } }), json)
    expect(response.status).toBe(202)
    const { job_id } = (await response.json()) as { job_id: string }
    const { request } = await findRestoreJob(job_id)
    expect(request.archive).toMatchObject({ bucket: 'specstar-archives', key: exported.archive.key })
    expect(request.archive?.etag).toBeDefined()
    expect(request.models).toBeUndefined()
  })

  it('cannot be that of an export that is still running', async () => {
    const running = (await (await fetch(`${api.gateway.url}/city/export?wait=0`)).json()) as { job_id: string }
    const response = await post('/_backup/import', JSON.stringify({ from: { job_id: running.job_id } }), json)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ errors: [{ field: 'from.job_id' }] })
  })
})

describe('an upload slot', () => {
  it('is opened by a request without a body, also with a content type that clients add on their own', async () => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded'])
      expect(await (await post('/_backup/import', undefined, { 'content-type': type })).json()).toMatchObject({
        status: 'awaiting_upload',
      })
  })

  it('is opened by a request without a body, whose options apply to the restore of the upload', async () => {
    const slot = await openSlot('/country/import?on_duplicate=raise_error&dry_run=true')
    expect(slot).toMatchObject({
      status: 'awaiting_upload',
      upload: { method: 'PUT', bucket: RESTORES, key: `_slots/${slot.job_id}.acbak` },
    })
    expect(api.engine.started).not.toContain(slot.job_id)
    const put = await fetch(slot.upload.url, { method: 'PUT', headers: slot.upload.headers, body: 'archive' })
    expect(put.status).toBe(200)
    const { etag } = (await api.services.objects.head(RESTORES, slot.upload.key)) ?? { etag: '' }
    const event = { detail: { bucket: { name: RESTORES }, object: { key: slot.upload.key, etag, sequencer: '1' } } }
    await handle(event)
    await handle(event)
    expect(new Set(api.engine.started.filter((id) => id === slot.job_id)).size).toBe(1)
    const { request, status } = await findRestoreJob(slot.job_id)
    expect(status).toBe('queued')
    expect(request).toMatchObject({
      models: ['country'],
      on_duplicate: 'raise_error',
      dry_run: true,
      archive: { bucket: RESTORES, key: slot.upload.key, etag },
    })
  })

  it('accepts one upload, and only with the headers of the answer', async () => {
    const { upload: target } = await openSlot('/_backup/import')
    const put = (headers: Record<string, string>) => fetch(target.url, { method: 'PUT', headers, body: 'archive' })
    expect((await put({})).status).toBe(403)
    expect((await put(target.headers)).status).toBe(200)
    expect((await put(target.headers)).status).toBe(412)
  })

  it('restores the first upload even if the object is replaced by other means', async () => {
    const slot = await openSlot('/_backup/import')
    await handle(await uploadEvent(slot.upload.key, 'first'))
    const before = await findRestoreJob(slot.job_id)
    await handle(await uploadEvent(slot.upload.key, 'second'))
    expect((await findRestoreJob(slot.job_id)).request.archive).toEqual(before.request.archive)
  })

  it('returns a conflict without waiting if the same request is repeated after its slot has expired', async () => {
    const send = () => post('/_backup/import', undefined, { 'idempotency-key': 'expired-slot' })
    const { job_id } = (await (await send()).json()) as Slot
    api.clock.ahead = 25 * 3600_000
    const start = performance.now()
    const response = await send()
    expect(performance.now() - start).toBeLessThan(10_000)
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({
      detail: `job ${job_id} has no result, because its status is expired`,
    })
  })

  it('expires after a day, and an upload then starts no restore', async () => {
    const slot = await openSlot('/_backup/import')
    api.clock.ahead = 25 * 3600_000
    const job = await (await fetch(`${api.gateway.url}/_backup/jobs/${slot.job_id}`)).json()
    expect(job).toMatchObject({ status: 'expired' })
    const listed = (await (await fetch(`${api.gateway.url}/_backup/jobs?status=expired`)).json()) as {
      jobs: { job_id: string }[]
    }
    expect(listed.jobs.map(({ job_id }) => job_id)).toContain(slot.job_id)
    await handle(await uploadEvent(slot.upload.key, 'late'))
    expect(api.engine.started).not.toContain(slot.job_id)
    expect(await reportOf(slot.upload.key)).toMatchObject({ passed: false, error: { type: 'conflict' } })
  })

  it('that was cancelled starts no restore, and the report next to the upload says why', async () => {
    const slot = await openSlot('/_backup/import')
    expect((await post(`/_backup/jobs/${slot.job_id}/cancel`)).status).toBe(200)
    // The signed URL is still valid for one upload.
    const put = await fetch(slot.upload.url, { method: 'PUT', headers: slot.upload.headers, body: 'archive' })
    expect(put.status).toBe(200)
    const { etag } = (await api.services.objects.head(RESTORES, slot.upload.key)) ?? { etag: '' }
    const before = api.engine.started.length
    await handle({ detail: { bucket: { name: RESTORES }, object: { key: slot.upload.key, etag, sequencer: '1' } } })
    expect(api.engine.started).toHaveLength(before)
    expect(await findRestoreJob(slot.job_id)).toMatchObject({ status: 'cancelled' })
    expect(await reportOf(slot.upload.key)).toMatchObject({ passed: false, error: { type: 'conflict' } })
  })

  it('is the same for requests with the same Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'slot' }
    const first = (await (await post('/_backup/import', undefined, headers)).json()) as Slot
    const again = (await (await post('/_backup/import', undefined, headers)).json()) as Slot
    expect(again.job_id).toBe(first.job_id)
    expect((await post('/_backup/import?dry_run=true', undefined, headers)).status).toBe(422)
  })
})

describe('an upload to the restore bucket', () => {
  const startedBy = async (key: string) => {
    const before = api.engine.started.length
    await handle(await uploadEvent(key, `bytes of ${key}`))
    const [jobId] = api.engine.started.slice(before)
    return jobId === undefined ? undefined : findRestoreJob(jobId)
  }

  it.each([
    ['skip/country/a.acbak', 'skip', ['country']],
    ['overwrite/_all/deep/er/b.acbak', 'overwrite', undefined],
    ['raise_error/city/c d+e%20ü.acbak', 'raise_error', ['city']],
    ['plain.acbak', 'raise_error', undefined],
    ['some/where/d.acbak', 'raise_error', undefined],
  ])('with the key %s is restored with %s', async (key, strategy, models) => {
    const job = await startedBy(key)
    expect(job?.job_id).toMatch(/^u-[0-9a-f]{40}$/)
    expect(job).toMatchObject({
      source: 'upload',
      request: { on_duplicate: strategy, archive: { bucket: RESTORES, key }, report_beside: { bucket: RESTORES, key } },
    })
    expect(job?.request.models).toEqual(models)
  })

  it.each(['notes.txt', 'skip/_all/x.acbak.report.json', 'x.ACBAK', 'folder.acbak/y'])(
    'with the key %s is ignored',
    async (key) => {
      expect(await startedBy(key)).toBeUndefined()
      expect(await reportOf(key)).toBeUndefined()
    },
  )

  it.each([
    ['skip/nope/x.acbak', 'unknown-model'],
    ['skip/x.acbak', 'invalid-request'],
    ['_slots/none.acbak', 'unknown-job'],
  ])('with the key %s is not restored, and the report next to it says why: %s', async (key, type) => {
    expect(await startedBy(key)).toBeUndefined()
    expect(await reportOf(key)).toMatchObject({ passed: false, error: { type } })
  })

  it('starts one job even if its event is delivered several times', async () => {
    const event = await uploadEvent('skip/_all/twice.acbak', 'x')
    const before = api.engine.started.length
    await Promise.all([handle(event), handle(event)])
    await handle(event)
    expect(new Set(api.engine.started.slice(before)).size).toBe(1)
  })

  it('starts another job if the same bytes are uploaded again', async () => {
    const before = api.engine.started.length
    await handle(await uploadEvent('skip/_all/again.acbak', 'x'))
    await handle(await uploadEvent('skip/_all/again.acbak', 'x'))
    expect(new Set(api.engine.started.slice(before)).size).toBe(2)
  })

  it('that was replaced before its event arrives starts no job', async () => {
    const replaced = await uploadEvent('skip/_all/replaced.acbak', 'old')
    await uploadEvent('skip/_all/replaced.acbak', 'new')
    const before = api.engine.started.length
    await handle(replaced)
    expect(api.engine.started).toHaveLength(before)
  })

  it('starts one job for its latest version if events arrive out of order', async () => {
    const earlier = await uploadEvent('skip/_all/late.acbak', 'old')
    const latest = await uploadEvent('skip/_all/late.acbak', 'new')
    const before = api.engine.started.length
    for (const event of [latest, earlier, latest, earlier]) await handle(event)
    expect(new Set(api.engine.started.slice(before)).size).toBe(1)
    const job = await findRestoreJob(api.engine.started.at(-1) ?? '')
    const stored = await api.services.objects.head(RESTORES, 'skip/_all/late.acbak')
    expect(job.request.archive).toMatchObject({ key: 'skip/_all/late.acbak', etag: stored?.etag })
  })

  it('makes its event fail if the limit of running jobs is reached, so that the event is delivered again', async () => {
    const endJobs = await startManyJobs('flood')
    const event = await uploadEvent('skip/_all/too-many.acbak', 'x')
    await expect(handle(event)).rejects.toThrow(TooManyJobsError)
    expect(await reportOf('skip/_all/too-many.acbak')).toMatchObject({ error: { type: 'too-many-jobs' } })
    await endJobs()
    const before = api.engine.started.length
    await handle(event)
    expect(api.engine.started).toHaveLength(before + 1)
  })

  it('is found when the program starts if its event was lost, and only once', async () => {
    await sweepUploads(api.services)
    await uploadEvent('skip/_all/lost.acbak', 'lost')
    const before = api.engine.started.length
    expect(await sweepUploads(api.services)).toBe(1)
    expect(await sweepUploads(api.services)).toBe(0)
    expect(api.engine.started).toHaveLength(before + 1)
  })

  it('does not prevent the start of the program if its event was lost and the limit is reached', async () => {
    const endJobs = await startManyJobs('many')
    await uploadEvent('skip/_all/lost-too-many.acbak', 'lost')
    expect(await sweepUploads(api.services)).toBe(0)
    expect(await reportOf('skip/_all/lost-too-many.acbak')).toMatchObject({ error: { type: 'too-many-jobs' } })
    await endJobs()
  })
})
