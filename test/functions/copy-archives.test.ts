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
import type { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { ObjectChangedError } from '../../shared/objects/errors.ts'
import { writeArchive } from '../archive/sample.ts'
import { fixture } from '../workflows/program.ts'
import { startTestApi, type TestApi } from './test-api.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
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
const LARGE = await writeArchive({ models: {}, blobs: { large: randomBytes(20 * MIB) } })

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

/** Replaces methods of the store of the copies while `work` runs. */
const withCopies = async <T>(methods: Partial<ObjectStore>, work: () => Promise<T>): Promise<T> => {
  const { copies } = api.services
  Object.assign(api.services, { copies: Object.assign(Object.create(copies) as ObjectStore, methods) })
  try {
    return await work()
  } finally {
    Object.assign(api.services, { copies })
  }
}

/** Changes the setting `copy_archives_to` while `work` runs. */
const withTarget = async <T>(target: { readonly bucket: string } | undefined, work: () => Promise<T>): Promise<T> => {
  const { config } = api.services
  const { copy_archives_to } = config
  Object.assign(config, { copy_archives_to: target })
  try {
    return await work()
  } finally {
    Object.assign(config, { copy_archives_to })
  }
}

/** Moves the clock forward while `work` runs. */
const later = async <T>(ms: number, work: () => Promise<T>): Promise<T> => {
  api.clock.ahead = ms
  try {
    return await work()
  } finally {
    api.clock.ahead = 0
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
      expect(await stateOf(key)).toMatchObject({ state: 'failed' })
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
    await withLimits({ copyPartBytes: 8 * MIB, copyRunMs: 0 }, async () => {
      await copy()
      await later(2 * DAY_MS, async () => {
        await expect(copy()).rejects.toThrow(`archive ${key}: the copy s3://${TARGET}/${copyOf(key)}`)
        expect(await stateOf(key)).toMatchObject({ state: 'pending', copied_bytes: 16 * MIB })
        expect(await copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
      })
    })
    expect(await stateOf(key)).toMatchObject({ state: 'copied' })
  })

  it('fail if they are not begun after seven days, because smaller archives take the time of every run', async () => {
    const [large, small] = [keyOf('nightly', 6), keyOf('weekly', 0)]
    await put(large, LARGE)
    await put(small)
    await withLimits({ copyRunMs: 0 }, async () => {
      expect(await copy()).toMatchObject([{ pending: [copyOf(large)] }, { copied: [copyOf(small)] }])
      await api.services.objects.delete(TARGET, [copyOf(small)])
      await api.services.archiveCopies.delete('weekly', { archive: small })
      await later(2 * DAY_MS, async () => {
        await expect(copy()).rejects.toThrow('is not finished after 7 days')
        expect(await stateOf(small)).toMatchObject({ state: 'copied' })
        expect(await stateOf(large)).toMatchObject({ state: 'pending', copied_bytes: 0 })
      })
    })
  })

  it('continue after failed runs and their repetitions, and are begun again after two hours of them', async () => {
    const key = keyOf('nightly', 0)
    await put(key, LARGE)
    const { copies } = api.services
    const resumeMultipart: typeof copies.resumeMultipart = (...upload) =>
      Object.assign(copies.resumeMultipart(...upload), { listParts: () => Promise.reject(new Error('AccessDenied')) })
    await withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, async () => {
      await copy()
      const [first] = await openUploads()
      const hours = [0, 0.02, 0.05, 1, 1.02, 1.05, 1.98, 2].map((hour) => hour * HOUR_MS)
      await withCopies({ resumeMultipart }, async () => {
        for (const ms of hours) {
          await later(ms, () => expect(copy()).rejects.toThrow('AccessDenied'))
          expect(await stateOf(key)).toMatchObject({ state: 'failed', reason: 'AccessDenied' })
        }
      })
      expect(await openUploads()).toEqual([first])
      await later(2.02 * HOUR_MS, async () => {
        expect(await copy()).toMatchObject([{ pending: [copyOf(key)] }, {}])
      })
      expect(await openUploads()).not.toEqual([first])
      expect(await openUploads()).toHaveLength(1)
    })
  })

  it('are continued if a run succeeds between failed runs', async () => {
    const key = keyOf('nightly', 0)
    await put(key, LARGE)
    const { copies } = api.services
    const resumeMultipart: typeof copies.resumeMultipart = (...upload) =>
      Object.assign(copies.resumeMultipart(...upload), { listParts: () => Promise.reject(new Error('AccessDenied')) })
    const fail = () => withCopies({ resumeMultipart }, () => expect(copy()).rejects.toThrow('AccessDenied'))
    await withLimits({ copyPartBytes: 8 * MIB, copyRunMs: 0 }, async () => {
      await copy()
      await fail()
      await later(1 * HOUR_MS, () => copy())
      await later(3 * HOUR_MS, fail)
      await later(4 * HOUR_MS, async () => {
        expect(await copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
      })
    })
  })

  it.each<[string, Error?]>([[''], [', even if the abort fails', new Error('AccessDenied')]])(
    'abort the upload that copies an archive which is replaced meanwhile%s',
    async (_, abortError) => {
      const key = keyOf('nightly', 0)
      await put(key, LARGE)
      const { copies } = api.services
      const copying = new Set<unknown>()
      const aborted: unknown[] = []
      await withCopies(
        {
          resumeMultipart: (...id) => {
            const upload = copies.resumeMultipart(...id)
            return Object.assign(upload, {
              copyPart: () => {
                copying.add(upload)
                return Promise.reject(new ObjectChangedError('archives', key))
              },
              abort: () => {
                aborted.push(upload)
                return abortError === undefined ? Promise.resolve() : Promise.reject(abortError)
              },
            })
          },
        },
        () => expect(copy()).rejects.toThrow(new ObjectChangedError('archives', key).message),
      )
      // Only the instance that sends the parts waits for them before it aborts the upload.
      expect(aborted).toEqual([...copying])
      expect(copying.has(aborted[0])).toBe(true)
      expect(await stateOf(key)).toMatchObject({ state: 'failed' })
      expect(await stateOf(key)).not.toHaveProperty('upload')
    },
  )

  it.each<[string, () => Buffer]>([
    ['small', () => Buffer.alloc(archive.length, 1)],
    ['large', () => randomBytes(LARGE.length)],
  ])('are neither made nor replaced if the %s archive cannot be opened', async (size, bytes) => {
    const [damaged, copied] = [keyOf('nightly', 0), keyOf('nightly', 1)]
    for (const key of [damaged, copied]) await put(key, size === 'small' ? archive : LARGE)
    await copy()
    await api.services.objects.delete(TARGET, [copyOf(damaged)])
    for (const key of [damaged, copied]) await put(key, bytes())
    await expect(copy()).rejects.toThrow(`archive ${damaged}: the archive ${damaged} cannot be opened`)
    expect(await api.services.objects.head(TARGET, copyOf(damaged))).toBeUndefined()
    const kept = await api.services.objects.getBytes(TARGET, copyOf(copied))
    expect(kept?.equals(size === 'small' ? archive : LARGE)).toBe(true)
    for (const key of [damaged, copied]) expect(await stateOf(key)).toMatchObject({ state: 'failed' })
  })

  it('are not valid without a checksum and with other bytes, even if neither object can be opened', async () => {
    const key = keyOf('nightly', 0)
    await put(key, Buffer.alloc(archive.length, 1))
    await api.services.objects.put(TARGET, copyOf(key), Buffer.alloc(archive.length, 2))
    await expect(copy()).rejects.toThrow('cannot be opened')
    expect(await stateOf(key)).toMatchObject({ state: 'failed' })
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
    await withCopies({ put: (): Promise<never> => Promise.reject(new Error('AccessDenied')) }, () =>
      expect(copy()).rejects.toThrow('AccessDenied'),
    )
    for (const one of [key, other]) expect(await stateOf(one)).toMatchObject({ state: 'failed' })
  })

  it('of all other schedules are made if one fails, and the run then fails', async () => {
    const [nightly, weekly] = [keyOf('nightly', 0), keyOf('weekly', 0)]
    for (const key of [nightly, weekly]) await put(key)
    const { copies } = api.services
    const cut = (bucket: string, key: string, body: Buffer) =>
      copies.put(bucket, key, key.includes('nightly') ? body.subarray(1) : body)
    await withCopies({ put: cut }, () =>
      expect(copy()).rejects.toThrow(`archive ${nightly}: the copy s3://copies-of-archives/local/us-east-1/`),
    )
    expect(await api.services.objects.getBytes(TARGET, copyOf(weekly))).toEqual(archive)
  })

  it('are not made without the setting', async () => {
    await put(keyOf('nightly', 0))
    await withTarget(undefined, async () => {
      expect(await copy()).toEqual([])
    })
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

  const listedCopies = async (): Promise<unknown[]> => {
    const response = await fetch(`${api.gateway.url}/_backup/prune`)
    return ((await response.json()) as { objects: { copy?: unknown }[] }).objects.map(({ copy: state }) => state)
  }

  it('shows that its archive is not yet copied, that it is copied, and why its copy failed', async () => {
    const key = keyOf('nightly', 0)
    const target = { bucket: TARGET, key: copyOf(key) }
    const job_id = await createJob(key, 'nightly')
    await put(key, LARGE)
    await withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, () => copy())
    expect(await resultOf(job_id)).toMatchObject({ copy: { state: 'pending', ...target, copied_bytes: 16 * MIB } })

    await copy()
    const checked_at: unknown = expect.stringMatching(/Z$/)
    expect(await resultOf(job_id)).toMatchObject({ copy: { state: 'copied', ...target, checked_at } })

    await api.s3.send(new DeleteObjectCommand({ Bucket: TARGET, Key: copyOf(key) }))
    await withCopies({ multipart: () => Promise.reject(new Error('Access Denied')) }, () =>
      expect(copy()).rejects.toThrow('Access Denied'),
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
    await put(old)
    await copy()
    await put(unseen)
    for (const key of [unseen, old]) expect(await resultOf(await createJob(key, 'nightly'))).not.toHaveProperty('copy')
    expect(await listedCopies()).toEqual([undefined, undefined])
  })

  it('shows no copy after the first run that no longer finds the archive', async () => {
    const key = keyOf('nightly', 0)
    const job_id = await createJob(key, 'nightly')
    await put(key)
    await copy()
    expect(await resultOf(job_id)).toHaveProperty('copy')
    await api.services.objects.delete(api.services.config.buckets.archives, [key])
    await copy()
    expect(await resultOf(job_id)).not.toHaveProperty('copy')
  })

  it.each([undefined, { bucket: 'another-bucket' }])(
    'and the list of archives show no copy that an earlier setting has requested, if the setting is now %j',
    async (target) => {
      const key = keyOf('nightly', 0)
      const job_id = await createJob(key, 'nightly')
      await put(key)
      await copy()
      expect(await listedCopies()).toEqual(['copied'])
      await withTarget(target, async () => {
        expect(await resultOf(job_id)).not.toHaveProperty('copy')
        expect(await listedCopies()).toEqual([undefined])
      })
    },
  )
})
