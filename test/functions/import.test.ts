import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type TestApi, finishExport, failJob, startTestApi, finishRestore } from './test-api.ts'
import { findRestoreJob, handleUpload, reportOf, RESTORES, uploadEvent } from './upload-events.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())
afterEach(() => {
  api.engine.script = undefined
  api.clock.ahead = 0
})

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
    const { request } = await findRestoreJob(api, body.job_id)
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
    const { request } = await findRestoreJob(api, job_id)
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
    await handleUpload(event)
    await handleUpload(event)
    expect(new Set(api.engine.started.filter((id) => id === slot.job_id)).size).toBe(1)
    const { request, status } = await findRestoreJob(api, slot.job_id)
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
    await handleUpload(await uploadEvent(api, slot.upload.key, 'first'))
    const before = await findRestoreJob(api, slot.job_id)
    await handleUpload(await uploadEvent(api, slot.upload.key, 'second'))
    expect((await findRestoreJob(api, slot.job_id)).request.archive).toEqual(before.request.archive)
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
    await handleUpload(await uploadEvent(api, slot.upload.key, 'late'))
    expect(api.engine.started).not.toContain(slot.job_id)
    expect(await reportOf(api, slot.upload.key)).toMatchObject({ passed: false, error: { type: 'conflict' } })
  })

  it('that was cancelled starts no restore, and the report next to the upload says why', async () => {
    const slot = await openSlot('/_backup/import')
    expect((await post(`/_backup/jobs/${slot.job_id}/cancel`)).status).toBe(200)
    // The signed URL is still valid for one upload.
    const put = await fetch(slot.upload.url, { method: 'PUT', headers: slot.upload.headers, body: 'archive' })
    expect(put.status).toBe(200)
    const { etag } = (await api.services.objects.head(RESTORES, slot.upload.key)) ?? { etag: '' }
    const before = api.engine.started.length
    await handleUpload({
      detail: { bucket: { name: RESTORES }, object: { key: slot.upload.key, etag, sequencer: '1' } },
    })
    expect(api.engine.started).toHaveLength(before)
    expect(await findRestoreJob(api, slot.job_id)).toMatchObject({ status: 'cancelled' })
    expect(await reportOf(api, slot.upload.key)).toMatchObject({ passed: false, error: { type: 'conflict' } })
  })

  it('is the same for requests with the same Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'slot' }
    const first = (await (await post('/_backup/import', undefined, headers)).json()) as Slot
    const again = (await (await post('/_backup/import', undefined, headers)).json()) as Slot
    expect(again.job_id).toBe(first.job_id)
    expect((await post('/_backup/import?dry_run=true', undefined, headers)).status).toBe(422)
  })
})
