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
