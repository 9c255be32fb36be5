import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Storage } from '../../../../infra/local/s3/storage/storage.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 's3-upgrade-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** Writes the folder of version 0.1.0: objects without versions, and a folder for each bucket. */
async function writeOldFolder(): Promise<void> {
  await mkdir(join(dir, 'buckets', 'old-bucket'), { recursive: true })
  await mkdir(join(dir, 'content', 'ab'), { recursive: true })
  await writeFile(join(dir, 'content', 'ab', 'ab-file'), 'old content')
  const level = new ClassicLevel(join(dir, 'records'))
  const objects = level.sublevel<string, object>('objects', { valueEncoding: 'json' })
  await objects.put('old-bucket\u0000key', {
    generation: 'b3a7c9f0-0000-4000-8000-000000000000',
    size: 11,
    etag: '0'.repeat(32),
    modified: 1_700_000_000_000,
    headers: { 'content-type': 'text/plain' },
    segments: [{ file: 'ab-file', offset: 0, length: 11 }],
    checksums: {},
  })
  await level.close()
}

describe('the data of version 0.1.0', () => {
  it('is read, and every object is the null version', async () => {
    await writeOldFolder()
    for (let start = 0; start < 2; start++) {
      const storage = await Storage.open(dir)
      expect(storage.buckets.list().map(([name]) => name)).toEqual(['old-bucket'])
      const version = storage.objects.current('old-bucket', 'key')
      expect(version).toMatchObject({ versionId: 'null', size: 11 })
      expect(version).not.toHaveProperty('generation')
      const bytes = await storage.content.read(version?.segments ?? []).toArray()
      expect(Buffer.concat(bytes as Buffer[]).toString()).toBe('old content')
      await storage.close()
    }
  })

  it('becomes the oldest version after versioning is enabled', async () => {
    await writeOldFolder()
    const storage = await Storage.open(dir)
    await storage.buckets.setVersioning('old-bucket', 'Enabled')
    const object = { size: 0, etag: '1'.repeat(32), headers: {}, segments: [], checksums: {} }
    const { versionId } = await storage.objects.put('old-bucket', 'key', object)
    const versions = await Array.fromAsync(storage.listVersions('old-bucket', ''))
    expect(versions.map(([, { entry }]) => entry.versionId)).toEqual([versionId, 'null'])
    await storage.close()
  })
})

describe('the data of a later version', () => {
  it('is rejected with the folder to delete', async () => {
    await (await Storage.open(dir)).close()
    const level = new ClassicLevel(join(dir, 'records'))
    await level.sublevel<string, number>('settings', { valueEncoding: 'json' }).put('format', 3)
    await level.close()
    await expect(Storage.open(dir)).rejects.toThrow(`${dir} was written by a later version`)
  })
})
