import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { createRestore } from '../../shared/restore/start/create-restore.ts'
import { fillSlot } from '../../shared/restore/start/upload-slot.ts'
import { type TestApi, startTestApi } from './test-api.ts'

/** The limit of running jobs and of upload slots, and how many requests exceed it at the same moment. */
const LIMIT = 100
const EXCESS = 30
/** The largest number of queued uploads. */
const UPLOAD_LIMIT = 200

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())

const requestExport = (key: string): Promise<Response> =>
  fetch(`${api.gateway.url}/country/export`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: '{"wait":0}',
  })

/** Creates running jobs until there are `count`. */
const fillTo = async (count: number): Promise<string[]> => {
  const { jobs } = api.services
  const running = await jobs.runningJobs()
  const [template] = running
  if (template === undefined) throw new Error('no job is running')
  const filling = Array.from({ length: count - running.length }, () => randomUUID())
  for (const job_id of filling) await jobs.create({ ...template, job_id })
  expect(await jobs.runningJobs()).toHaveLength(count)
  return filling
}

describe('a flood of requests', () => {
  it('starts at most as many jobs as the limit allows, and starts more when jobs have ended', async () => {
    const answers = await Promise.all(Array.from({ length: LIMIT + EXCESS }, (_, k) => requestExport(`flood ${k}`)))
    const rejected = answers.filter(({ status }) => status === 429)
    const firstKey = `flood ${answers.findIndex(({ status }) => status === 202)}`
    const started = answers.filter(({ status }) => status === 202)
    expect(started.length + rejected.length).toBe(LIMIT + EXCESS)
    expect(started.length).toBeLessThanOrEqual(LIMIT)
    expect(started.length).toBeGreaterThan(LIMIT - 20)
    for (const response of rejected) {
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await response.json()).toMatchObject({ type: 'too-many-jobs', status: 429 })
    }
    expect(new Set(api.engine.started).size).toBe(started.length)

    // A repeated request returns the existing job and does not count against the limit.
    const repeated = await Promise.all(Array.from({ length: 3 }, () => requestExport(firstKey)))
    expect(repeated.map(({ status }) => status)).toEqual([202, 202, 202])

    for (const id of api.engine.started.slice(0, 10))
      await api.services.jobs.change(id, { status: 'failed' }, { from: ['queued'] })
    expect((await requestExport('afterwards')).status).toBe(202)
  })

  it('opens at most as many upload slots as the limit, independently of the limit of running jobs', async () => {
    const { jobs } = api.services
    const filling = await fillTo(LIMIT)
    const openSlot = (key: string): Promise<Response> =>
      fetch(`${api.gateway.url}/country/import`, { method: 'POST', headers: { 'idempotency-key': key } })
    const first = await (await openSlot('the first')).json()
    const template = await jobs.get(z.object({ job_id: z.string() }).parse(first).job_id)
    if (template === undefined) throw new Error('no slot was opened')
    for (let n = 1; n < LIMIT - 10; n++) await jobs.create({ ...template, job_id: randomUUID() })
    const answers = await Promise.all(Array.from({ length: EXCESS }, (_, k) => openSlot(`slot ${k}`)))
    const opened = answers.filter(({ status }) => status === 202).length
    const rejected = answers.filter(({ status }) => status === 429)
    expect(opened + rejected.length).toBe(EXCESS)
    expect(opened).toBeLessThanOrEqual(10)
    for (const response of rejected)
      expect(await response.json()).toMatchObject({ type: 'too-many-jobs', slots: expect.any(Number) as number })

    // A slot counts until the restore of its upload has ended.
    const slots = await jobs.slots()
    for (let n = slots.length; n < LIMIT; n++) expect((await openSlot(`another ${n}`)).status).toBe(202)
    const [filled] = slots
    if (filled === undefined) throw new Error('no slot is open')
    await fillSlot(api.services, filled.job_id, { bucket: 'b', key: 'k', etag: 'e' })
    expect((await openSlot('during the restore')).status).toBe(429)
    await jobs.change(filled.job_id, { status: 'failed' }, { from: ['queued'] })
    expect((await openSlot('after the restore')).status).toBe(202)

    // Slots expire after a day and do not count any more.
    api.clock.ahead += 25 * 3600_000
    expect(await jobs.slots()).toEqual([])
    expect((await openSlot('the next day')).status).toBe(202)
    for (const id of filling) await jobs.change(id, { status: 'failed' }, { from: ['queued'] })
  })

  it('starts one job for simultaneous requests with the same key if the limit leaves room for one', async () => {
    await fillTo(LIMIT - 1)
    const repeats = await Promise.all(Array.from({ length: 3 }, () => requestExport('the same')))
    expect(repeats.map(({ status }) => status)).toEqual([202, 202, 202])
    expect(await api.services.jobs.runningJobs()).toHaveLength(LIMIT)
  })

  it('starts exports while uploads wait for another restore, and limits the number of queued uploads', async () => {
    const { jobs } = api.services
    for (const { job_id } of await jobs.runningJobs())
      await jobs.change(job_id, { status: 'failed' }, { from: ['queued', 'running'] })
    const upload: RestoreJob = {
      job_id: 'upload',
      kind: 'restore',
      status: 'queued',
      source: 'upload',
      requested_by: 's3://restores/x.acbak',
      created_at: new Date().toISOString(),
      request: { filters: {}, on_duplicate: 'skip', dry_run: false },
    }
    const waiting = Array.from({ length: UPLOAD_LIMIT - 1 }, (_, k) => `waiting-${k}`)
    for (const job_id of waiting) await jobs.create({ ...upload, job_id, leased: ['country'] })
    expect((await requestExport('while uploads wait')).status).toBe(202)

    const create = (job_id: string): Promise<RestoreJob> =>
      createRestore(
        { jobs, clock: () => new Date() },
        { job_id },
        { request: upload.request, status: 'queued', source: 'upload', requestedBy: upload.requested_by },
      )
    await create('the last')
    await expect(create('one too many')).rejects.toThrow(
      '200 uploads wait for other restores and 0 more jobs are starting; at most 200 uploads may wait at the same time',
    )
    await expect(create('one too many')).rejects.toMatchObject({ queued_uploads: UPLOAD_LIMIT })
    // Repeated events of the same upload find its job.
    expect((await create('the last')).job_id).toBe('the last')
    // The restore of a waiting upload starts, and its place is free again.
    await jobs.change('waiting-0', { status: 'running' }, { from: ['queued'] })
    expect((await create('one too many')).job_id).toBe('one too many')
  })
})
