import { PutObjectCommand } from '@aws-sdk/client-s3'
import { hash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { EXPORT_BLOBS } from '../../shared/export/messages.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import { APPLY_BLOBS } from '../../shared/restore/messages/apply.ts'
import { PREFLIGHT_BLOBS } from '../../shared/restore/messages/preflight-blobs.ts'
import { stableContents, unfinishedUploads } from '../contents.ts'
import { JobFailedError } from './workflow-runner.ts'
import {
  archivedBlobs,
  digests,
  passes,
  putBlob,
  startLargeBlobRunner,
  STEP_BYTES,
  writeCountries,
} from './large-blob-runner.ts'

const MIB = 1024 * 1024
const runner = await startLargeBlobRunner()

describe('a blob that does not fit into one pass', () => {
  it.each([6 * MIB, 12 * MIB, 16 * MIB + 1, 33 * MIB + 777])(
    'of %i bytes is exported, checked, restored and verified in several passes',
    async (size) => {
      const flags = { small: randomBytes(1000), large: randomBytes(size), tiny: Buffer.from('x') }
      await writeCountries(runner, flags)
      const before = stableContents(await runner.contents())
      const { job, archive } = await runner.export(['country'])
      expect(await archivedBlobs(archive)).toMatchObject({ blobs: digests(flags) })
      // The small blobs share a pass with the end of the large blob, or take a pass each.
      expect(await passes(runner, job.job_id, EXPORT_BLOBS)).toBeGreaterThan(1 + size / STEP_BYTES)
      await runner.wipe()
      const restored = await runner.restore(archive)
      expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
      expect(stableContents(await runner.contents())).toEqual(before)
      expect(await passes(runner, restored.job_id, PREFLIGHT_BLOBS)).toBeGreaterThan(size / STEP_BYTES)
      if (size > 30 * MIB) expect(await passes(runner, restored.job_id, APPLY_BLOBS)).toBeGreaterThan(4)
      expect(await unfinishedUploads(runner.clients)).toEqual([])
    },
  )
})

describe('an existing large blob', () => {
  const SIZE = 12 * MIB
  const archiveOf = async (flags: Readonly<Record<string, Buffer>>): Promise<Buffer> => {
    await writeCountries(runner, flags)
    return (await runner.export(['country'])).archive
  }

  it('is compared with the archive in several passes, and is not written if it is equal', async () => {
    const archive = await archiveOf({ equal: randomBytes(SIZE), shorter: randomBytes(SIZE), other: randomBytes(SIZE) })
    await putBlob(runner, 'shorter', randomBytes(SIZE - 1))
    await putBlob(runner, 'other', randomBytes(SIZE))
    const { job_id, result } = await runner.restore(archive, { dry_run: true })
    expect(result).toMatchObject({ dry_run: { blobs: { new: 0, changed: 2, same: 1 } } })
    // Each blob takes two passes of the archive. The two blobs with the same size take two passes of the target.
    expect(await passes(runner, job_id, PREFLIGHT_BLOBS)).toBeGreaterThan(6)
    const restored = await runner.restore(archive)
    expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
  })

  it('is kept under skip if it differs', async () => {
    const archive = await archiveOf({ other: randomBytes(SIZE) })
    await runner.wipe()
    const own = randomBytes(SIZE)
    await putBlob(runner, 'other', own)
    expect(await runner.restore(archive, { on_duplicate: 'skip' })).toMatchObject({
      status: 'partial',
      result: { blob_conflicts: { count: 1, ids: ['other'] } },
    })
    expect((await runner.contents()).objects.get('blobs/other')).toBe(own.toString('base64'))
  })

  it.each([
    ['is a conflict under skip if another writer created it during the restore', randomBytes(SIZE), 1],
    ['counts as restored if another writer created the same blob during the restore', undefined, 0],
  ])('%s', async (_title, other, conflicts) => {
    const blob = randomBytes(SIZE)
    const archive = await archiveOf({ late: blob })
    await runner.wipe()
    runner.beforeStage('apply-blobs', async () => {
      const metadata = { sha256: hash('sha256', blob), size: SIZE.toString() }
      const { buckets } = runner.clients.config
      const object = {
        Bucket: buckets.blobs,
        Key: 'blobs/late',
        ...(other === undefined ? { Metadata: metadata } : {}),
      }
      await runner.clients.s3.send(new PutObjectCommand({ ...object, Body: other ?? blob }))
    })
    expect(await runner.restore(archive, { on_duplicate: 'skip' })).toMatchObject({
      status: conflicts === 0 ? 'succeeded' : 'partial',
      result: { blob_conflicts: { count: conflicts } },
    })
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })
})

describe('a blob that is too large for a job', () => {
  it('is rejected before it is read, by an export and by a restore, with its size and the limit', async () => {
    await writeCountries(runner, { small: Buffer.from('x'), huge: randomBytes(7 * MIB + 1) })
    const { archive } = await runner.export(['country'])
    await runner.deploy({}, { maxBlobBytes: 7 * MIB })
    const problem = { type: 'blob-too-large', status: 409, id: 'huge', size: 7 * MIB + 1, limit_bytes: 7 * MIB }
    await expect(runner.export(['country'])).rejects.toMatchObject({ error: problem })
    await runner.wipe()
    expect(await runner.restore(archive)).toMatchObject({ status: 'failed', error: problem })
    await runner.deploy({}, { maxBlobBytes: LIMITS.maxBlobBytes })
    expect((await runner.contents()).objects.size).toBe(0)
  })
})

describe('a large blob that is not as it should be', () => {
  it.each([
    ['', false],
    [', even if S3 has verified another SHA-256', true],
  ])('is left out of the archive if its bytes do not match its recorded SHA-256%s', async (_title, isVerified) => {
    await writeCountries(runner, { good: randomBytes(12 * MIB), bad: Buffer.from('x') })
    const { buckets } = runner.clients.config
    const Metadata = { sha256: hash('sha256', 'other bytes'), size: (12 * MIB).toString() }
    const Body = randomBytes(12 * MIB)
    const checksum = isVerified ? { ChecksumSHA256: hash('sha256', Body, 'base64') } : {}
    const bad = { Bucket: buckets.blobs, Key: 'blobs/bad', Body, Metadata, ...checksum }
    await runner.clients.s3.send(new PutObjectCommand(bad))
    const { job, archive } = await runner.export(['country'], {}, false)
    expect(job).toMatchObject({ status: 'partial', result: { missing_blobs: { count: 1, ids: ['bad'] } } })
    expect(Object.keys((await archivedBlobs(archive)).blobs)).toEqual(['good'])
    await expect(runner.export(['country'])).rejects.toThrow(JobFailedError)
  })

  it('is exported with its new bytes if it is replaced while it is hashed', async () => {
    await writeCountries(runner, { changing: randomBytes(16 * MIB) })
    const replacement = randomBytes(16 * MIB)
    runner.beforeStage('export-blobs', () => {
      runner.beforeStage('export-blobs', async () => {
        await putBlob(runner, 'changing', replacement)
      })
      return Promise.resolve()
    })
    const { archive } = await runner.export(['country'])
    expect((await archivedBlobs(archive)).blobs).toEqual(digests({ changing: replacement }))
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })

  it('is rejected if any of its bytes in the archive is wrong, before anything is written', async () => {
    await writeCountries(runner, { damaged: randomBytes(16 * MIB) })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    for (const at of [5 * MIB, 14 * MIB]) {
      const damaged = Buffer.from(archive)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      expect(await runner.restore(damaged)).toMatchObject({
        status: 'failed',
        error: { type: 'entry-corrupt', detail: expect.stringContaining('blobs/damaged') as string },
      })
    }
    expect((await runner.contents()).objects.size).toBe(0)
  })

  it('fails the verification if its bytes change after the restore', async () => {
    const blob = randomBytes(16 * MIB)
    await writeCountries(runner, { late: blob })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    const changed = Buffer.from(blob)
    changed[15 * MIB] = (changed[15 * MIB] ?? 0) ^ 1
    runner.beforeStage('verify', async () => {
      await putBlob(runner, 'late', changed)
    })
    expect(await runner.restore(archive)).toMatchObject({ status: 'failed', error: { checks: ['blobs'] } })
  })
})
