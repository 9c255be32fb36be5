import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { handler } from '../../functions/events/copy-archives.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
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
  const { objects, config } = api.services
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
      { schedule: 'nightly', copied: [copyOf(today), copyOf(sixDays)], checked: 2 },
      { schedule: 'weekly', copied: [copyOf(weekly)], checked: 1 },
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
    const [key, bytes] = [keyOf('nightly', 0), randomBytes(130 * 1024 * 1024)]
    await put(key, bytes)
    expect(await copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
    expect((await api.services.objects.head(TARGET, copyOf(key)))?.etag).toMatch(/-2$/)
    expect((await api.services.objects.getBytes(TARGET, copyOf(key)))?.equals(bytes)).toBe(true)
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
      await expect(copy()).rejects.toThrow('schedule nightly: the copy s3://copies-of-archives/local/us-east-1/')
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
