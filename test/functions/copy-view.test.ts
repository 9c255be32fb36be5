import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ARCHIVE, CopiesApi, copyOf, keyOf, LARGE, MIB, TARGET } from './copies-api.ts'

let api: CopiesApi
beforeAll(async () => {
  api = await CopiesApi.start()
})
afterAll(() => api.stop())
beforeEach(() => api.reset())

describe('the job of a scheduled export', () => {
  /** Creates the job of an archive, and returns its result as the API shows it. */
  const resultOf = async (job_id: string): Promise<object> => {
    const response = await fetch(`${api.gateway.url}/_backup/jobs/${job_id}`)
    return ((await response.json()) as { result: object }).result
  }
  const createJob = async (key: string, schedule?: string): Promise<string> => {
    const { jobs, config, clock } = api.services
    const job_id = randomUUID()
    const at = clock().toISOString()
    await jobs.create({
      job_id,
      kind: 'export',
      status: 'queued',
      source: schedule === undefined ? 'api' : 'schedule',
      requested_by: 'test',
      created_at: at,
      request: {
        models: ['country'],
        filters: {},
        strict: false,
        format: 'acbak',
        ...(schedule === undefined ? {} : { schedule: { name: schedule, at } }),
      },
    })
    const result = {
      archive: { bucket: config.buckets.archives, key, size: ARCHIVE.length, etag: 'e' },
      models: {},
      complete: true,
      missing_blobs: { count: 0, ids: [] },
    }
    await jobs.change(job_id, { status: 'succeeded', result }, { from: ['queued'] })
    return job_id
  }

  const listedCopies = async (): Promise<unknown[]> => {
    const response = await fetch(`${api.gateway.url}/_backup/prune`)
    return ((await response.json()) as { objects: { copy?: unknown }[] }).objects.map(({ copy: state }) => state)
  }

  it('shows that its archive is not yet copied, that it is copied, and why its copy failed', async () => {
    const key = keyOf('nightly', 0)
    const target = { bucket: TARGET, key: copyOf(key) }
    const job_id = await createJob(key, 'nightly')
    await api.put(key, LARGE)
    await api.withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, () => api.copy())
    expect(await resultOf(job_id)).toMatchObject({ copy: { state: 'pending', ...target, copied_bytes: 16 * MIB } })

    await api.copy()
    const checked_at: unknown = expect.stringMatching(/Z$/)
    expect(await resultOf(job_id)).toMatchObject({ copy: { state: 'copied', ...target, checked_at } })

    await api.s3.send(new DeleteObjectCommand({ Bucket: TARGET, Key: copyOf(key) }))
    await api.withCopies({ multipart: () => Promise.reject(new Error('Access Denied')) }, () =>
      expect(api.copy()).rejects.toThrow('Access Denied'),
    )
    expect(await resultOf(job_id)).toMatchObject({
      copy: { state: 'failed', ...target, reason: 'Access Denied', failed_at: checked_at },
    })
    expect(await listedCopies()).toEqual(['failed'])
  })

  it('shows no copy if it is not the job of a schedule', async () => {
    expect(await resultOf(await createJob('exports/one.acbak'))).not.toHaveProperty('copy')
  })

  it('shows no copy of an archive that no run has copied, because it is too new or too old', async () => {
    const [unseen, old] = [keyOf('nightly', 0), keyOf('nightly', 8)]
    await api.put(old)
    await api.copy()
    await api.put(unseen)
    for (const key of [unseen, old]) expect(await resultOf(await createJob(key, 'nightly'))).not.toHaveProperty('copy')
    expect(await listedCopies()).toEqual([undefined, undefined])
  })

  it('shows no copy after the first run that no longer finds the archive', async () => {
    const key = keyOf('nightly', 0)
    const job_id = await createJob(key, 'nightly')
    await api.put(key)
    await api.copy()
    expect(await resultOf(job_id)).toHaveProperty('copy')
    await api.services.objects.delete(api.services.config.buckets.archives, [key])
    await api.copy()
    expect(await resultOf(job_id)).not.toHaveProperty('copy')
  })

  it.each([undefined, { bucket: 'another-bucket' }])(
    'and the list of archives show no copy that an earlier setting has requested, if the setting is now %j',
    async (target) => {
      const key = keyOf('nightly', 0)
      const job_id = await createJob(key, 'nightly')
      await api.put(key)
      await api.copy()
      expect(await listedCopies()).toEqual(['copied'])
      await api.withTarget(target, async () => {
        expect(await resultOf(job_id)).not.toHaveProperty('copy')
        expect(await listedCopies()).toEqual([undefined])
      })
    },
  )
})
