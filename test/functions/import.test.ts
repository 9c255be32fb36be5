import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { handler, type UploadEvent } from '../../functions/events/upload.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import { TooManyJobsError } from '../../shared/jobs/errors.ts'
import { findJob } from '../../functions/http/job-view.ts'
import { sweepUploads } from '../../shared/restore/start/sweep-uploads.ts'
import { type Doors, exportedAs, failedWith, openDoors, restored } from './doors.ts'

let doors: Doors
beforeAll(async () => {
  doors = await openDoors()
})
afterAll(() => doors.stop())
afterEach(() => {
  doors.engine.play = undefined
  doors.clock.ahead = 0
})

const upload = (event: UploadEvent): Promise<void> => handler(event, localContext('upload', 'test', 60_000))
const post = (path: string, body?: RequestInit['body'], headers: Record<string, string> = {}) =>
  fetch(doors.gateway.url + path, { method: 'POST', headers, ...(body === undefined ? {} : { body }) })
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

const restoreJobOf = async (jobId: string) => {
  const job = await findJob(doors.services, jobId)
  if (job.kind !== 'restore') throw new Error('not a restore')
  return job
}

/** As S3 tells it: the ETag without quotes, and a sequencer that grows. */
let sequence = 0
const uploaded = async (key: string, bytes: string) => {
  const { etag } = await doors.services.objects.put(RESTORES, key, Buffer.from(bytes))
  const object = { key, etag: etag.replaceAll('"', ''), sequencer: `${++sequence}` }
  return { detail: { bucket: { name: RESTORES }, object } }
}

const reportBeside = (key: string) =>
  doors.services.objects.getJson<Record<string, unknown>>(RESTORES, `${key}.report.json`)

describe('an archive in the request', () => {
  it('is kept in the work bucket under the job’s name, and restored', async () => {
    doors.engine.play = restored
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
    const { request } = await restoreJobOf(body.job_id)
    expect(request).toMatchObject({
      models: ['country'],
      filters: { ids: ['x'] },
      on_duplicate: 'skip',
      dry_run: false,
      archive: { bucket: 'specstar-work', key: `work/${body.job_id}/request.acbak` },
    })
    expect(await doors.services.objects.getBytes('specstar-work', request.archive?.key ?? '')).toEqual(bytes)
  })

  it('may be the field of a form', async () => {
    doors.engine.play = restored
    const form = new FormData()
    form.append('file', new Blob(['form bytes']), 'backup.acbak')
    const response = await post('/_backup/import', form)
    expect(response.status).toBe(200)
    const { job_id, ...rest } = (await response.json()) as { job_id: string }
    expect(rest).toMatchObject({ models: { country: { loaded: 3, skipped: 1, total: 4 } } })
    const kept = await doors.services.objects.getBytes('specstar-work', `work/${job_id}/request.acbak`)
    expect(kept?.toString()).toBe('form bytes')
  })

  it('may be exactly 4 MiB', async () => {
    doors.engine.play = restored
    expect((await post('/_backup/import', new Uint8Array(4 * 1024 * 1024))).status).toBe(200)
  })

  it('answers with the problem that the job failed with', async () => {
    doors.engine.play = failedWith({
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

  it('is bound to its bytes by an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'body' }
    const first = (await (await post('/_backup/import?wait=0', 'one', headers)).json()) as { job_id: string }
    const again = await post('/_backup/import?wait=0', 'one', headers)
    expect(await again.json()).toMatchObject({ job_id: first.job_id })
    expect((await post('/_backup/import?wait=0', 'two', headers)).status).toBe(422)
    const kept = await doors.services.objects.getBytes('specstar-work', `work/${first.job_id}/request.acbak`)
    expect(kept?.toString()).toBe('one')
  })

  it('stays the bytes of the one request that has the key, whoever comes at the same moment', async () => {
    for (let k = 0; k < 5; k++) {
      const bodies = ['one', 'two', 'three']
      const headers = { 'idempotency-key': `at once ${k}` }
      const answers = await Promise.all(bodies.map((body) => post('/_backup/import?wait=0', body, headers)))
      expect(answers.map(({ status }) => status).sort()).toEqual([202, 422, 422])
      const won = answers.findIndex(({ status }) => status === 202)
      const { job_id } = (await answers[won]?.json()) as { job_id: string }
      const kept = await doors.services.objects.head('specstar-work', `work/${job_id}/request.acbak`)
      const job = await doors.services.jobs.get(job_id)
      expect(job).toMatchObject({ request: { archive: { etag: kept?.etag } } })
      expect(kept?.size).toBe(bodies[won]?.length)
    }
  })
})

describe('an archive that lies somewhere', () => {
  it('may be an export’s, pinned as it is', async () => {
    doors.engine.play = exportedAs(Buffer.from('a'))
    const exported = (await (await fetch(`${doors.gateway.url}/country/export`)).json()) as {
      job_id: string
      archive: { key: string }
    }
    doors.engine.play = undefined
    const response = await post('/_backup/import?wait=0', JSON.stringify({ from: { job_id: exported.job_id } }), json)
    expect(response.status).toBe(202)
    const { job_id } = (await response.json()) as { job_id: string }
    const { request } = await restoreJobOf(job_id)
    expect(request.archive).toMatchObject({ bucket: 'specstar-archives', key: exported.archive.key })
    expect(request.archive?.etag).toBeDefined()
    expect(request.models).toBeUndefined()
  })

  it('must be there, and an export that has ended', async () => {
    const running = (await (await fetch(`${doors.gateway.url}/city/export?wait=0`)).json()) as { job_id: string }
    const response = await post('/_backup/import', JSON.stringify({ from: { job_id: running.job_id } }), json)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ errors: [{ field: 'from.job_id' }] })
  })
})

describe('an upload slot', () => {
  it('is answered to a request without a body, and its upload starts the restore with that request’s options', async () => {
    const slot = await openSlot('/country/import?on_duplicate=raise_error&dry_run=true')
    expect(slot).toMatchObject({
      status: 'awaiting_upload',
      upload: { method: 'PUT', bucket: RESTORES, key: `_slots/${slot.job_id}.acbak` },
    })
    expect(doors.engine.started).not.toContain(slot.job_id)
    const put = await fetch(slot.upload.url, { method: 'PUT', headers: slot.upload.headers, body: 'archive' })
    expect(put.status).toBe(200)
    const { etag } = (await doors.services.objects.head(RESTORES, slot.upload.key)) ?? { etag: '' }
    const event = { detail: { bucket: { name: RESTORES }, object: { key: slot.upload.key, etag, sequencer: '1' } } }
    await upload(event)
    await upload(event)
    expect(new Set(doors.engine.started.filter((id) => id === slot.job_id)).size).toBe(1)
    const { request, status } = await restoreJobOf(slot.job_id)
    expect(status).toBe('queued')
    expect(request).toMatchObject({
      models: ['country'],
      on_duplicate: 'raise_error',
      dry_run: true,
      archive: { bucket: RESTORES, key: slot.upload.key, etag },
    })
  })

  it('takes one upload: a second is refused, and so is one without the headers', async () => {
    const { upload: target } = await openSlot('/_backup/import')
    const put = (headers: Record<string, string>) => fetch(target.url, { method: 'PUT', headers, body: 'archive' })
    expect((await put({})).status).toBe(403)
    expect((await put(target.headers)).status).toBe(200)
    expect((await put(target.headers)).status).toBe(412)
  })

  it('keeps to its first upload where the object is put again by other means', async () => {
    const slot = await openSlot('/_backup/import')
    await upload(await uploaded(slot.upload.key, 'first'))
    const before = await restoreJobOf(slot.job_id)
    await upload(await uploaded(slot.upload.key, 'second'))
    expect((await restoreJobOf(slot.job_id)).request.archive).toEqual(before.request.archive)
  })

  it('reads as expired when its day is over, and then starts nothing', async () => {
    const slot = await openSlot('/_backup/import')
    doors.clock.ahead = 25 * 3600_000
    const job = await (await fetch(`${doors.gateway.url}/_backup/jobs/${slot.job_id}`)).json()
    expect(job).toMatchObject({ status: 'expired' })
    const listed = (await (await fetch(`${doors.gateway.url}/_backup/jobs?status=expired`)).json()) as {
      jobs: { job_id: string }[]
    }
    expect(listed.jobs.map(({ job_id }) => job_id)).toContain(slot.job_id)
    await upload(await uploaded(slot.upload.key, 'late'))
    expect(doors.engine.started).not.toContain(slot.job_id)
    expect(await reportBeside(slot.upload.key)).toMatchObject({ passed: false, error: { type: 'conflict' } })
  })

  it('starts nothing where it is filled after it was cancelled, and says so beside it', async () => {
    const slot = await openSlot('/_backup/import')
    expect((await post(`/_backup/jobs/${slot.job_id}/cancel`)).status).toBe(200)
    // The URL that was given out still signs one upload.
    const put = await fetch(slot.upload.url, { method: 'PUT', headers: slot.upload.headers, body: 'archive' })
    expect(put.status).toBe(200)
    const { etag } = (await doors.services.objects.head(RESTORES, slot.upload.key)) ?? { etag: '' }
    const before = doors.engine.started.length
    await upload({ detail: { bucket: { name: RESTORES }, object: { key: slot.upload.key, etag, sequencer: '1' } } })
    expect(doors.engine.started).toHaveLength(before)
    expect(await restoreJobOf(slot.job_id)).toMatchObject({ status: 'cancelled' })
    expect(await reportBeside(slot.upload.key)).toMatchObject({ passed: false, error: { type: 'conflict' } })
  })

  it('is the same slot for the same Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'slot' }
    const first = (await (await post('/_backup/import', undefined, headers)).json()) as Slot
    const again = (await (await post('/_backup/import', undefined, headers)).json()) as Slot
    expect(again.job_id).toBe(first.job_id)
    expect((await post('/_backup/import?dry_run=true', undefined, headers)).status).toBe(422)
  })
})

describe('an upload to the bucket', () => {
  const startedBy = async (key: string) => {
    const before = doors.engine.started.length
    await upload(await uploaded(key, `bytes of ${key}`))
    const [jobId] = doors.engine.started.slice(before)
    return jobId === undefined ? undefined : restoreJobOf(jobId)
  }

  it.each([
    ['skip/country/a.acbak', 'skip', ['country']],
    ['overwrite/_all/deep/er/b.acbak', 'overwrite', undefined],
    ['raise_error/city/c d+e%20ü.acbak', 'raise_error', ['city']],
    ['plain.acbak', 'raise_error', undefined],
    ['some/where/d.acbak', 'raise_error', undefined],
  ])('%s is restored with %s', async (key, strategy, models) => {
    const job = await startedBy(key)
    expect(job?.job_id).toMatch(/^u-[0-9a-f]{40}$/)
    expect(job).toMatchObject({
      source: 'upload',
      request: { on_duplicate: strategy, archive: { bucket: RESTORES, key }, report_beside: { bucket: RESTORES, key } },
    })
    expect(job?.request.models).toEqual(models)
  })

  it.each(['notes.txt', 'skip/_all/x.acbak.report.json', 'x.ACBAK', 'folder.acbak/y'])('%s is ignored', async (key) => {
    expect(await startedBy(key)).toBeUndefined()
    expect(await reportBeside(key)).toBeUndefined()
  })

  it.each([
    ['skip/nope/x.acbak', 'unknown-model'],
    ['skip/x.acbak', 'invalid-request'],
    ['_slots/none.acbak', 'unknown-job'],
  ])('%s cannot start, and says so beside it', async (key, type) => {
    expect(await startedBy(key)).toBeUndefined()
    expect(await reportBeside(key)).toMatchObject({ passed: false, error: { type } })
  })

  it('starts one job, however often the event comes', async () => {
    const event = await uploaded('skip/_all/twice.acbak', 'x')
    const before = doors.engine.started.length
    await Promise.all([upload(event), upload(event)])
    await upload(event)
    expect(new Set(doors.engine.started.slice(before)).size).toBe(1)
  })

  it('starts another job when the same bytes are uploaded again', async () => {
    const before = doors.engine.started.length
    await upload(await uploaded('skip/_all/again.acbak', 'x'))
    await upload(await uploaded('skip/_all/again.acbak', 'x'))
    expect(new Set(doors.engine.started.slice(before)).size).toBe(2)
  })

  it('leaves what was replaced to the event of what replaced it', async () => {
    const old = await uploaded('skip/_all/replaced.acbak', 'old')
    await uploaded('skip/_all/replaced.acbak', 'new')
    const before = doors.engine.started.length
    await upload(old)
    expect(doors.engine.started).toHaveLength(before)
  })

  it('keeps to what lies there where events come out of order', async () => {
    const old = await uploaded('skip/_all/late.acbak', 'old')
    const young = await uploaded('skip/_all/late.acbak', 'new')
    const before = doors.engine.started.length
    for (const event of [young, old, young, old]) await upload(event)
    expect(new Set(doors.engine.started.slice(before)).size).toBe(1)
    const job = await restoreJobOf(doors.engine.started.at(-1) ?? '')
    const stored = await doors.services.objects.head(RESTORES, 'skip/_all/late.acbak')
    expect(job.request.archive).toMatchObject({ key: 'skip/_all/late.acbak', etag: stored?.etag })
  })

  it('waits for its event to come again where as many jobs run as may', async () => {
    const { jobs } = doors.services
    const one = await jobs.get((await startedBy('skip/_all/one.acbak'))?.job_id ?? '')
    if (one === undefined) throw new Error('no job')
    const flood = Array.from({ length: 100 }, (_, k) => `flood-${k}`)
    await Promise.all(flood.map((job_id) => jobs.create({ ...one, job_id })))
    const event = await uploaded('skip/_all/too-many.acbak', 'x')
    await expect(upload(event)).rejects.toThrow(TooManyJobsError)
    expect(await reportBeside('skip/_all/too-many.acbak')).toMatchObject({ error: { type: 'too-many-jobs' } })
    await Promise.all(flood.map((id) => jobs.change(id, { status: 'failed' }, { from: ['queued'] })))
    const before = doors.engine.started.length
    await upload(event)
    expect(doors.engine.started).toHaveLength(before + 1)
  })

  it('is found at the next start where its event was lost, once', async () => {
    await sweepUploads(doors.services)
    await uploaded('skip/_all/lost.acbak', 'lost')
    const before = doors.engine.started.length
    expect(await sweepUploads(doors.services)).toBe(1)
    expect(await sweepUploads(doors.services)).toBe(0)
    expect(doors.engine.started).toHaveLength(before + 1)
  })
})
