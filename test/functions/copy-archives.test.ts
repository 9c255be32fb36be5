import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ARCHIVE, CopiesApi, copyOf, keyOf, LARGE, MIB, TARGET } from './copies-api.ts'

let api: CopiesApi
beforeAll(async () => {
  api = await CopiesApi.start()
})
afterAll(() => api.stop())
beforeEach(() => api.reset())

describe('the copies of scheduled archives', () => {
  it('are made of all archives of the last seven days, once', async () => {
    const [today, sixDays, eightDays, weekly] = [
      keyOf('nightly', 0),
      keyOf('nightly', 6),
      keyOf('nightly', 8),
      keyOf('weekly', 2),
    ]
    for (const key of [today, sixDays, eightDays, weekly]) await api.put(key)
    expect(await api.copy()).toEqual([
      { schedule: 'nightly', copied: [copyOf(today), copyOf(sixDays)], pending: [], checked: 2 },
      { schedule: 'weekly', copied: [copyOf(weekly)], pending: [], checked: 1 },
    ])
    expect(await api.services.objects.getBytes(TARGET, copyOf(today))).toEqual(ARCHIVE)
    expect(await api.copy()).toMatchObject([
      { copied: [], checked: 2 },
      { copied: [], checked: 1 },
    ])
  })

  it.each<[string, Buffer]>([
    ['has another size', Buffer.from('cut')],
    ['has other bytes', randomBytes(1)],
  ])('are made again if the copy %s', async (_, bytes) => {
    const key = keyOf('nightly', 0)
    await api.put(key)
    const damaged = bytes.length === 1 ? Buffer.alloc(ARCHIVE.length) : bytes
    await api.services.objects.put(TARGET, copyOf(key), damaged)
    expect(await api.copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
    expect(await api.services.objects.getBytes(TARGET, copyOf(key))).toEqual(ARCHIVE)
  })

  it('of large archives are made by S3', async () => {
    const [key, bytes] = [keyOf('nightly', 0), LARGE]
    await api.put(key, bytes)
    await api.withLimits({ copyPartBytes: 16 * MIB }, async () => {
      expect(await api.copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
    })
    expect((await api.services.objects.head(TARGET, copyOf(key)))?.etag).toMatch(/-2$/)
    expect((await api.services.objects.getBytes(TARGET, copyOf(key)))?.equals(bytes)).toBe(true)
  })

  it('of an archive that needs more time than one run are continued by the next runs', async () => {
    const key = keyOf('nightly', 0)
    await api.put(key, LARGE)
    await api.withLimits({ copyPartBytes: 8 * MIB, copyRunMs: 0 }, async () => {
      for (const copied_bytes of [8 * MIB, 16 * MIB]) {
        expect(await api.copy()).toMatchObject([{ copied: [], pending: [copyOf(key)], checked: 0 }, {}])
        expect(await api.stateOf(key)).toMatchObject({ state: 'pending', size: LARGE.length, copied_bytes })
        expect(await api.services.objects.head(TARGET, copyOf(key))).toBeUndefined()
      }
      expect(await api.copy()).toMatchObject([{ copied: [copyOf(key)], pending: [], checked: 1 }, {}])
    })
    expect(await api.stateOf(key)).toMatchObject({ state: 'copied' })
    expect((await api.services.objects.head(TARGET, copyOf(key)))?.etag).toMatch(/-3$/)
    expect((await api.services.objects.getBytes(TARGET, copyOf(key)))?.equals(LARGE)).toBe(true)
  })

  it('of a small archive are made before those of a large one', async () => {
    const [large, small] = [keyOf('nightly', 0), keyOf('weekly', 1)]
    await api.put(large, LARGE)
    await api.put(small)
    await api.withLimits({ copyPartBytes: 8 * MIB, copyRunMs: 0 }, async () => {
      expect(await api.copy()).toMatchObject([{ pending: [copyOf(large)] }, { copied: [copyOf(small)] }])
    })
  })

  it('are begun again if the archive was replaced after its copy had begun', async () => {
    const key = keyOf('nightly', 0)
    const replaced = Buffer.from(LARGE)
    replaced.fill(1, 0, 1000)
    await api.withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, async () => {
      await api.put(key, LARGE)
      expect(await api.copy()).toMatchObject([{ pending: [copyOf(key)] }, {}])
      await api.put(key, replaced)
      expect(await api.copy()).toMatchObject([{ pending: [copyOf(key)] }, {}])
      expect(await api.copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
    })
    expect((await api.services.objects.getBytes(TARGET, copyOf(key)))?.equals(replaced)).toBe(true)
    expect(await api.openUploads()).toEqual([])
  })

  it('are begun again if their upload was aborted, and fail once', async () => {
    const key = keyOf('nightly', 0)
    await api.put(key, LARGE)
    await api.withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, async () => {
      await api.copy()
      for (const UploadId of await api.openUploads())
        await api.s3.send(new AbortMultipartUploadCommand({ Bucket: TARGET, Key: copyOf(key), UploadId }))
      await expect(api.copy()).rejects.toThrow(`archive ${key}: `)
      expect(await api.stateOf(key)).toMatchObject({ state: 'failed' })
      expect(await api.stateOf(key)).not.toHaveProperty('upload')
    })
    expect(await api.copy()).toMatchObject([{ copied: [copyOf(key)] }, {}])
  })

  it('are aborted if the archive was deleted before its copy was finished', async () => {
    const key = keyOf('nightly', 0)
    await api.put(key, LARGE)
    await api.withLimits({ copyPartBytes: 16 * MIB, copyRunMs: 0 }, () => api.copy())
    expect(await api.openUploads()).toHaveLength(1)
    await api.services.objects.delete(api.services.config.buckets.archives, [key])
    expect(await api.copy()).toMatchObject([{ copied: [], pending: [], checked: 0 }, {}])
    expect(await api.openUploads()).toEqual([])
    expect(await api.stateOf(key)).toBeUndefined()
  })

  it('of all other schedules are made if one fails, and the run then fails', async () => {
    const [nightly, weekly] = [keyOf('nightly', 0), keyOf('weekly', 0)]
    for (const key of [nightly, weekly]) await api.put(key)
    const { copies } = api.services
    const cut = (bucket: string, key: string, body: Buffer) =>
      copies.put(bucket, key, key.includes('nightly') ? body.subarray(1) : body)
    await api.withCopies({ put: cut }, () =>
      expect(api.copy()).rejects.toThrow(`archive ${nightly}: the copy s3://copies-of-archives/local/us-east-1/`),
    )
    expect(await api.services.objects.getBytes(TARGET, copyOf(weekly))).toEqual(ARCHIVE)
  })

  it('are not made without the setting', async () => {
    await api.put(keyOf('nightly', 0))
    await api.withTarget(undefined, async () => {
      expect(await api.copy()).toEqual([])
    })
  })
})
