import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
} from '@aws-sdk/client-s3'
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { handler } from '../../functions/events/copy-archives.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import type { Limits } from '../../shared/jobs/limits.ts'
import { fixture } from '../workflows/program.ts'
import { startTestApi, type TestApi } from './test-api.ts'

const DAY_MS = 86_400_000
const TARGET = 'copies-of-archives'
const SCHEDULES = JSON.stringify([
  { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 },
  { name: 'weekly', rate: '7 days', keep_days: 60 },
])

let api: TestApi
let archive: Buffer
beforeAll(async () => {
  const COPY_ARCHIVES_TO = JSON.stringify({ bucket: TARGET, account: '000000000000' })
  api = await startTestApi({ SCHEDULES, COPY_ARCHIVES_TO })
  archive = await fixture('single-v3.acbak')
  await api.s3.send(new CreateBucketCommand({ Bucket: TARGET }))
})
afterAll(() => api.stop())
beforeEach(async () => {
  const { archiveCopies, objects, config } = api.services
  for (const { name } of config.schedules)
    for (const state of await archiveCopies.list(name)) await archiveCopies.delete(name, state)
  for (const bucket of [config.buckets.archives, TARGET])
    await objects.delete(
      bucket,
      (await Array.fromAsync(objects.list(bucket))).map(({ key }) => key),
    )
})

const keyOf = (schedule: string, daysAgo: number): string => {
  const at = new Date(Date.now() - daysAgo * DAY_MS).toISOString()
  const [day, time] = [at.slice(0, 10), at.slice(0, 19).replaceAll(/[-:]/g, '')]
  return `scheduled/${schedule}/${day.replaceAll('-', '/')}/s-${schedule}-${time}Z.acbak`
}
const put = (key: string, body = archive) => api.services.objects.put(api.services.config.buckets.archives, key, body)
const copyOf = (key: string): string => `local/us-east-1/${key}`
const copy = () => handler({}, localContext('copy-archives', randomUUID(), 60_000))

const MIB = 1024 * 1024
/** S3 copies an archive of more than 16 MiB. */
const LARGE = randomBytes(20 * MIB)

const stateOf = (key: string) => api.services.archiveCopies.get(key.split('/')[1] ?? '', key)

/** Returns the ids of the unfinished multipart uploads of copies. */
const openUploads = async (): Promise<string[]> => {
  const { Uploads = [] } = await api.s3.send(new ListMultipartUploadsCommand({ Bucket: TARGET }))
  return Uploads.map(({ UploadId = '' }) => UploadId)
}

const withLimits = async <T>(limits: Partial<Limits>, work: () => Promise<T>): Promise<T> => {
  const { limits: usual } = api.services
  Object.assign(api.services, { limits: { ...usual, ...limits } })
  try {
    return await work()
  } finally {
    Object.assign(api.services, { limits: usual })
  }
}

describe('the copies of scheduled archives', () => {
  it('are made of all archives of the last seven days, once', async () => {
    const [today, sixDays, eightDays, weekly] = [
      keyOf('nightly', 0),
      keyOf('nightly', 6),
      keyOf('nightly', 8),
      keyOf('weekly', 2),
    ]
    for (const key of [today, sixDays, eightDays, weekly]) await put(key)
    expect(await copy()).toEqual([
      { schedule: 'nightly', copied: [copyOf(today), copyOf(sixDays)], pending: [], checked: 2 },
      { schedule: 'weekly', copied: [copyOf(weekly)], pending: [], checked: 1 },
    ])
    expect(await api.services.objects.getBytes(TARGET, copyOf(today))).toEqual(archive)
    expect(await copy()).toMatchObject([
      { copied: [], checked: 2 },
      { copied: [], checked: 1 },
    ])
  })

  it.each<[string, Buffer]>([
    ['has another size', Buffer.from('cut')],
    ['has other bytes', randomBytes(1)],
  ])('are made again if the copy %s', async (_, bytes) => {
    const key = keyOf('nightly', 0)
    await put(key)
    const damaged = bytes.length === 1 ? Buffer.alloc(archive.length) : bytes
    await api.services.objects.put(TARGET, copyOf(key), damaged)
    expect(await copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
    expect(await api.services.objects.getBytes(TARGET, copyOf(key))).toEqual(archive)
  })

  it('of large archives are made by S3', async () => {
    const [key, bytes] = [keyOf('nightly', 0), LARGE]
    await put(key, bytes)
    await withLimits({ copyPartBytes: 16 * MIB }, async () => {
      expect(await copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
    })
    expect((await api.services.objects.head(TARGET, copyOf(key)))?.etag).toMatch(/-2$/)
    expect((await api.services.objects.getBytes(TARGET, copyOf(key)))?.equals(bytes)).toBe(true)
  })

  it('of an archive that needs more time than one run are continued by the next runs', async () => {
    const key = keyOf('nightly', 0)
    await put(key, LARGE)
    await withLimits({ copyPartBytes: 8 * MIB, copyRunMs: 0 }, async () => {
      for (const copied_bytes of [8 * MIB, 16 * MIB]) {
        expect(await copy()).toMatchObject([{ copied: [], pending: [copyOf(key)], checked: 0 }, {}])
        expect(await stateOf(key)).toMatchObject({ state: 'pending', size: LARGE.length, copied_bytes })
        expect(await api.services.objects.head(TARGET, copyOf(key))).toBeUndefined()
      }
      expect(await copy()).toMatchObject([{ copied: [copyOf(key)], pending: [], checked: 1 }, {}])
    })
    expect(await stateOf(key)).toMatchObject({ state: 'copied' })
    expect((await api.services.objects.head(TARGET, copyOf(key)))?.etag).toMatch(/-3$/)
    expect((await api.services.objects.getBytes(TARGET, copyOf(key)))?.equals(LARGE)).toBe(true)
  })

  it('of a small archive are made before those of a large one', async () => {
    const [large, small] = [keyOf('nightly', 0), keyOf('weekly', 1)]
    await put(large, LARGE)
    await put(small)
    await withLimits({ copyPartBytes: 8 * MIB, copyRunMs: 0 }, async () => {
      expect(await copy()).toMatchObject([{ pending: [copyOf(large)] }, { copied: [copyOf(small)] }])
    })
  })

  it('are begun again if the archive was replaced after its copy had begun', async () => {
    const key = keyOf('nightly', 0)
    const replaced = Buffer.from(LARGE)
    replaced.fill(1, 0, 1000)
    await withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, async () => {
      await put(key, LARGE)
      expect(await copy()).toMatchObject([{ pending: [copyOf(key)] }, {}])
      await put(key, replaced)
      expect(await copy()).toMatchObject([{ pending: [copyOf(key)] }, {}])
      expect(await copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
    })
    expect((await api.services.objects.getBytes(TARGET, copyOf(key)))?.equals(replaced)).toBe(true)
    expect(await openUploads()).toEqual([])
  })

  it('are begun again if their upload was aborted, and fail once', async () => {
    const key = keyOf('nightly', 0)
    await put(key, LARGE)
    await withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, async () => {
      await copy()
      for (const UploadId of await openUploads())
        await api.s3.send(new AbortMultipartUploadCommand({ Bucket: TARGET, Key: copyOf(key), UploadId }))
      await expect(copy()).rejects.toThrow(`archive ${key}: `)
      expect(await stateOf(key)).toMatchObject({ state: 'failed', failures: 1 })
      expect(await stateOf(key)).not.toHaveProperty('upload')
    })
    expect(await copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
  })

  it('are aborted if the archive was deleted before its copy was finished', async () => {
    const key = keyOf('nightly', 0)
    await put(key, LARGE)
    await withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, () => copy())
    expect(await openUploads()).toHaveLength(1)
    await api.services.objects.delete(api.services.config.buckets.archives, [key])
    expect(await copy()).toMatchObject([{ copied: [], pending: [], checked: 0 }, {}])
    expect(await openUploads()).toEqual([])
    expect(await stateOf(key)).toBeUndefined()
  })

  it('fail if they are not finished after seven days, and are continued', async () => {
    const key = keyOf('nightly', 6)
    await put(key, LARGE)
    try {
      await withLimits({ copyPartBytes: 8 * MIB, copyRunMs: 0 }, async () => {
        await copy()
        api.clock.ahead = 2 * DAY_MS
        await expect(copy()).rejects.toThrow('is not finished after 7 days: 16777216 of ')
        expect(await stateOf(key)).toMatchObject({ state: 'failed', failures: 0 })
        expect(await copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
      })
      expect(await stateOf(key)).toMatchObject({ state: 'copied' })
    } finally {
      api.clock.ahead = 0
    }
  })

  it('continue after failed runs, and are begun again after three of them', async () => {
    const key = keyOf('nightly', 0)
    await put(key, LARGE)
    await withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, async () => {
      await copy()
      const [first] = await openUploads()
      const { copies } = api.services
      const failing = Object.assign(Object.create(copies) as typeof copies, {
        resumeMultipart: (...upload: Parameters<typeof copies.resumeMultipart>) =>
          Object.assign(copies.resumeMultipart(...upload), {
            listParts: () => Promise.reject(new Error('AccessDenied')),
          }),
      })
      Object.assign(api.services, { copies: failing })
      try {
        for (const failures of [1, 2, 3]) {
          await expect(copy()).rejects.toThrow('AccessDenied')
          expect(await stateOf(key)).toMatchObject({ state: 'failed', reason: 'AccessDenied', failures })
        }
      } finally {
        Object.assign(api.services, { copies })
      }
      expect(await openUploads()).toEqual([first])
      expect(await copy()).toMatchObject([{ pending: [copyOf(key)] }, {}])
      expect(await openUploads()).not.toEqual([first])
      expect(await openUploads()).toHaveLength(1)
    })
  })

  it('are no longer shown as made after a check that finds no equal copy', async () => {
    const [key, other] = [keyOf('nightly', 0), keyOf('nightly', 1)]
    for (const one of [key, other]) await put(one)
    await copy()
    await api.services.objects.delete(TARGET, [copyOf(key), copyOf(other)])
    await withLimits({ copyRunMs: 0 }, async () => {
      // A run without time checks no valid copies.
      expect(await copy()).toMatchObject([{ checked: 0 }, {}])
    })
    const { copies } = api.services
    const failing = Object.assign(Object.create(copies) as typeof copies, {
      put: () => Promise.reject(new Error('AccessDenied')),
    })
    Object.assign(api.services, { copies: failing })
    try {
      await expect(copy()).rejects.toThrow('AccessDenied')
    } finally {
      Object.assign(api.services, { copies })
    }
    for (const one of [key, other]) expect(await stateOf(one)).toMatchObject({ state: 'failed', failures: 1 })
  })

  it('of all other schedules are made if one fails, and the run then fails', async () => {
    const [nightly, weekly] = [keyOf('nightly', 0), keyOf('weekly', 0)]
    for (const key of [nightly, weekly]) await put(key)
    const { copies } = api.services
    const failing = Object.assign(Object.create(copies) as typeof copies, {
      put: (bucket: string, key: string, body: Buffer) =>
        copies.put(bucket, key, key.includes('nightly') ? body.subarray(1) : body),
    })
    Object.assign(api.services, { copies: failing })
    try {
      await expect(copy()).rejects.toThrow(`archive ${nightly}: the copy s3://copies-of-archives/local/us-east-1/`)
      expect(await api.services.objects.getBytes(TARGET, copyOf(weekly))).toEqual(archive)
    } finally {
      Object.assign(api.services, { copies })
    }
  })

  it('are not made without the setting', async () => {
    const { config } = api.services
    const { copy_archives_to } = config
    await put(keyOf('nightly', 0))
    Object.assign(config, { copy_archives_to: undefined })
    try {
      expect(await copy()).toEqual([])
    } finally {
      Object.assign(config, { copy_archives_to })
    }
  })
})

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
      archive: { bucket: config.buckets.archives, key, size: archive.length, etag: 'e' },
      models: {},
      complete: true,
      missing_blobs: { count: 0, ids: [] },
    }
    await jobs.change(job_id, { status: 'succeeded', result }, { from: ['queued'] })
    return job_id
  }

  it('shows that its archive is not yet copied, that it is copied, and why its copy failed', async () => {
    const key = keyOf('nightly', 0)
    const target = { bucket: TARGET, key: copyOf(key) }
    const job_id = await createJob(key, 'nightly')
    expect(await resultOf(job_id)).toMatchObject({ copy: { state: 'pending', ...target, copied_bytes: 0 } })

    await put(key, LARGE)
    await withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, () => copy())
    expect(await resultOf(job_id)).toMatchObject({ copy: { state: 'pending', ...target, copied_bytes: 16 * MIB } })

    await copy()
    const checked_at: unknown = expect.stringMatching(/Z$/)
    expect(await resultOf(job_id)).toMatchObject({ copy: { state: 'copied', ...target, checked_at } })

    await api.s3.send(new DeleteObjectCommand({ Bucket: TARGET, Key: copyOf(key) }))
    const { copies } = api.services
    Object.assign(api.services, {
      copies: Object.assign(Object.create(copies) as typeof copies, {
        multipart: () => Promise.reject(new Error('Access Denied')),
      }),
    })
    try {
      await expect(copy()).rejects.toThrow('Access Denied')
    } finally {
      Object.assign(api.services, { copies })
    }
    const response = await fetch(`${api.gateway.url}/_backup/jobs/${job_id}`)
    expect(await response.json()).toMatchObject({
      status: 'succeeded',
      result: { copy: { state: 'failed', ...target, reason: 'Access Denied', failed_at: checked_at } },
    })
    const listed = (await (await fetch(`${api.gateway.url}/_backup/prune`)).json()) as object
    expect(listed).toMatchObject({ objects: [{ key, copy: 'failed' }] })
  })

  it('shows no copy if it is not the job of a schedule, or if archives are not copied', async () => {
    expect(await resultOf(await createJob('exports/one.acbak'))).not.toHaveProperty('copy')
    const { config } = api.services
    const { copy_archives_to } = config
    Object.assign(config, { copy_archives_to: undefined })
    try {
      expect(await resultOf(await createJob(keyOf('nightly', 0), 'nightly'))).not.toHaveProperty('copy')
    } finally {
      Object.assign(config, { copy_archives_to })
    }
  })
})
