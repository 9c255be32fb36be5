import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { TooManyJobsError } from '../../shared/jobs/errors.ts'
import { sweepUploads } from '../../shared/restore/start/sweep-uploads.ts'
import { type TestApi, startTestApi } from './test-api.ts'
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

/** Creates as many queued jobs as are allowed. Returns a function that ends them. */
const startManyJobs = async (prefix: string): Promise<() => Promise<void>> => {
  const { jobs } = api.services
  await handleUpload(await uploadEvent(api, `skip/_all/${prefix}.acbak`, 'x'))
  const template = await jobs.get(api.engine.started.at(-1) ?? '')
  if (template === undefined) throw new Error('no job was started')
  const ids = Array.from({ length: 100 }, (_, k) => `${prefix}-${k}`)
  await Promise.all(ids.map((job_id) => jobs.create({ ...template, job_id })))
  return async () => {
    await Promise.all(ids.map((id) => jobs.change(id, { status: 'failed' }, { from: ['queued'] })))
  }
}

describe('an upload to the restore bucket', () => {
  const startedBy = async (key: string) => {
    const before = api.engine.started.length
    await handleUpload(await uploadEvent(api, key, `bytes of ${key}`))
    const [jobId] = api.engine.started.slice(before)
    return jobId === undefined ? undefined : findRestoreJob(api, jobId)
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
      expect(await reportOf(api, key)).toBeUndefined()
    },
  )

  it.each([
    ['skip/nope/x.acbak', 'unknown-model'],
    ['skip//x.acbak', 'invalid-request'],
    ['skip/x.acbak', 'invalid-request'],
    ['_slots/none.acbak', 'unknown-job'],
  ])('with the key %s is not restored, and the report next to it says why: %s', async (key, type) => {
    expect(await startedBy(key)).toBeUndefined()
    expect(await reportOf(api, key)).toMatchObject({ passed: false, error: { type } })
  })

  it('starts one job even if its event is delivered several times', async () => {
    const event = await uploadEvent(api, 'skip/_all/twice.acbak', 'x')
    const before = api.engine.started.length
    await Promise.all([handleUpload(event), handleUpload(event)])
    await handleUpload(event)
    expect(new Set(api.engine.started.slice(before)).size).toBe(1)
  })

  it('starts another job if the same bytes are uploaded again', async () => {
    const before = api.engine.started.length
    await handleUpload(await uploadEvent(api, 'skip/_all/again.acbak', 'x'))
    await handleUpload(await uploadEvent(api, 'skip/_all/again.acbak', 'x'))
    expect(new Set(api.engine.started.slice(before)).size).toBe(2)
  })

  it('that was replaced before its event arrives starts no job', async () => {
    const replaced = await uploadEvent(api, 'skip/_all/replaced.acbak', 'old')
    await uploadEvent(api, 'skip/_all/replaced.acbak', 'new')
    const before = api.engine.started.length
    await handleUpload(replaced)
    expect(api.engine.started).toHaveLength(before)
  })

  it('starts one job for its latest version if events arrive out of order', async () => {
    const earlier = await uploadEvent(api, 'skip/_all/late.acbak', 'old')
    const latest = await uploadEvent(api, 'skip/_all/late.acbak', 'new')
    const before = api.engine.started.length
    for (const event of [latest, earlier, latest, earlier]) await handleUpload(event)
    expect(new Set(api.engine.started.slice(before)).size).toBe(1)
    const job = await findRestoreJob(api, api.engine.started.at(-1) ?? '')
    const stored = await api.services.objects.head(RESTORES, 'skip/_all/late.acbak')
    expect(job.request.archive).toMatchObject({ key: 'skip/_all/late.acbak', etag: stored?.etag })
  })

  it('makes its event fail if the limit of running jobs is reached, so that the event is delivered again', async () => {
    const endJobs = await startManyJobs('flood')
    const event = await uploadEvent(api, 'skip/_all/too-many.acbak', 'x')
    await expect(handleUpload(event)).rejects.toThrow(TooManyJobsError)
    expect(await reportOf(api, 'skip/_all/too-many.acbak')).toMatchObject({ error: { type: 'too-many-jobs' } })
    await endJobs()
    const before = api.engine.started.length
    await handleUpload(event)
    expect(api.engine.started).toHaveLength(before + 1)
  })

  it('is found when the program starts if its event was lost, and only once', async () => {
    await sweepUploads(api.services)
    await uploadEvent(api, 'skip/_all/lost.acbak', 'lost')
    const before = api.engine.started.length
    expect(await sweepUploads(api.services)).toBe(1)
    expect(await sweepUploads(api.services)).toBe(0)
    expect(api.engine.started).toHaveLength(before + 1)
  })

  it('does not prevent the start of the program if its event was lost and the limit is reached', async () => {
    const endJobs = await startManyJobs('many')
    await uploadEvent(api, 'skip/_all/lost-too-many.acbak', 'lost')
    expect(await sweepUploads(api.services)).toBe(0)
    expect(await reportOf(api, 'skip/_all/lost-too-many.acbak')).toMatchObject({ error: { type: 'too-many-jobs' } })
    await endJobs()
  })
})
