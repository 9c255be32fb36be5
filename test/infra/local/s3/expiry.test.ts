import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Storage } from '../../../../infra/local/s3/storage/storage.ts'

const HOUR_MS = 3_600_000
const START = Date.parse('2026-11-01T00:00:00Z')
const Bucket = 'bucket'

let dir: string
let storage: Storage
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: START })
  dir = await mkdtemp(join(tmpdir(), 's3-expiry-'))
  storage = await Storage.open(dir)
  await storage.buckets.create(Bucket)
  await storage.buckets.setVersioning(Bucket, 'Enabled')
})
afterEach(async () => {
  vi.useRealTimers()
  await storage.close()
  await rm(dir, { recursive: true, force: true })
})

const at = (hours: number): void => void vi.setSystemTime(START + hours * HOUR_MS)
const put = async (key: string): Promise<string> => {
  const object = { size: 0, etag: '0'.repeat(32), headers: {}, segments: [], checksums: {} }
  return (await storage.objects.put(Bucket, key, object)).versionId
}
const remove = async (key: string): Promise<string> => (await storage.objects.delete(Bucket, key)).versionId ?? ''
const versions = async (): Promise<readonly string[]> =>
  (await Array.fromAsync(storage.listVersions(Bucket, ''))).map(([, { entry }]) => entry.versionId)

describe('the expiry of old versions', () => {
  it('deletes a version by the time at which it became noncurrent, not by its age', async () => {
    at(0)
    const first = await put('key')
    at(10)
    const second = await put('key')
    at(20)
    const third = await put('key')
    await storage.expireOldVersions(START + 10 * HOUR_MS)
    expect(await versions()).toEqual([third, second, first])
    await storage.expireOldVersions(START + 11 * HOUR_MS)
    expect(await versions()).toEqual([third, second])
    await storage.expireOldVersions(START + 21 * HOUR_MS)
    expect(await versions()).toEqual([third])
  })

  it('deletes a deleted object, and then its delete marker', async () => {
    at(0)
    const version = await put('key')
    at(10)
    const marker = await remove('key')
    await storage.expireOldVersions(START + 10 * HOUR_MS)
    expect(await versions()).toEqual([marker, version])
    await storage.expireOldVersions(START + 11 * HOUR_MS)
    expect(await versions()).toEqual([])
  })

  it('keeps current objects and recent delete markers', async () => {
    at(0)
    const old = await put('old')
    at(10)
    const marker = await remove('recent')
    await storage.expireOldVersions(START + 9 * HOUR_MS)
    expect(await versions()).toEqual([old, marker])
  })

  it('stops when it is aborted', async () => {
    at(0)
    await put('key')
    at(10)
    await put('key')
    await storage.expireOldVersions(START + 11 * HOUR_MS, AbortSignal.abort())
    expect(await versions()).toHaveLength(2)
  })
})

describe('the expiry of objects', () => {
  const keys = async (): Promise<string[]> =>
    (await Array.fromAsync(storage.listObjects('work', ''))).map(([key]) => key)
  const putWork = async (key: string): Promise<unknown> =>
    storage.objects.put('work', key, { size: 0, etag: '0'.repeat(32), headers: {}, segments: [], checksums: {} })
  beforeEach(() => storage.buckets.create('work'))

  it('deletes the objects of one bucket that were written before a time', async () => {
    at(0)
    await putWork('old')
    await putWork('replaced')
    const kept = await put('old')
    at(10)
    await putWork('recent')
    await putWork('replaced')
    await storage.expireObjects('work', START + 10 * HOUR_MS)
    expect(await keys()).toEqual(['recent', 'replaced'])
    expect(await versions()).toEqual([kept])
  })

  it('keeps an object that is replaced while the bucket is read', async () => {
    at(0)
    await putWork('key')
    at(10)
    const { objects } = storage
    const remove = objects.delete.bind(objects)
    vi.spyOn(objects, 'delete').mockImplementation(async (...parameters) => {
      await putWork('key')
      return remove(...parameters)
    })
    await storage.expireObjects('work', START + 10 * HOUR_MS)
    expect(await keys()).toEqual(['key'])
  })

  it('passes on an error that is not an answer of the service', async () => {
    at(0)
    await putWork('key')
    vi.spyOn(storage.objects, 'delete').mockRejectedValue(new Error('disk'))
    await expect(storage.expireObjects('work', START + HOUR_MS)).rejects.toThrow('disk')
  })

  it('aborts multipart uploads that began before a time', async () => {
    const old = await storage.uploads.create({ bucket: 'work', key: 'old', started: START, headers: {} })
    const recent = await storage.uploads.create({ bucket: Bucket, key: 'new', started: START + HOUR_MS, headers: {} })
    await storage.expireUploads(START + HOUR_MS)
    expect(storage.uploads.find('work', 'old', old)).toBeUndefined()
    expect(storage.uploads.find(Bucket, 'new', recent)).toBeDefined()
  })

  it('stops early if the signal is aborted', async () => {
    at(0)
    await putWork('key')
    const upload = await storage.uploads.create({ bucket: 'work', key: 'old', started: START, headers: {} })
    const aborted = AbortSignal.abort()
    await storage.expireObjects('work', START + HOUR_MS, aborted)
    await storage.expireUploads(START + HOUR_MS, aborted)
    expect(await keys()).toEqual(['key'])
    expect(storage.uploads.find('work', 'old', upload)).toBeDefined()
  })
})
