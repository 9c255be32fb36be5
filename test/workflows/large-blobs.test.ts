import { PutObjectCommand } from '@aws-sdk/client-s3'
import { hash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { readEntries, readIndex } from '../../shared/archive/segment-reader.ts'
import { EXPORT_BLOBS } from '../../shared/export/messages.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import type { Stage } from '../../shared/jobs/stage.ts'
import { abortOpenUploads } from '../../shared/jobs/upload-in-steps.ts'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import { MultipartUpload } from '../../shared/objects/aws/multipart-upload.ts'
import { APPLY_BLOBS } from '../../shared/restore/messages/apply.ts'
import { PREFLIGHT_BLOBS } from '../../shared/restore/messages/preflight-blobs.ts'
import { VERIFY } from '../../shared/restore/messages/verify.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { injectFaults } from '../faults/fault-middleware.ts'
import { memorySource } from '../archive/memory.ts'
import { stableContents, unfinishedUploads } from '../contents.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'
import { JobFailedError } from './workflow-runner.ts'

const MIB = 1024 * 1024

/** A pass ends after each step: 5 MiB of hashing, or the parts that are created at the same time. */
const limits = { passMs: 0, watchMs: 10, largeBlobBytes: 6 * MIB, hashStepBytes: 5 * MIB, copyPartBytes: 10 * MIB }
const runner = await startRunner({ limits })
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

const writeCountries = async (flags: Readonly<Record<string, Buffer>>): Promise<void> => {
  const countries = Object.keys(flags).map((id) =>
    buildResource(runner.services.models, { model: 'country', id, payloads: [{ name: id, flag: { file_id: id } }] }),
  )
  await writeToStore(runner.clients, combine(...countries, buildBlobs(flags)))
}
const putBlob = (id: string, Body: Buffer): Promise<unknown> =>
  runner.clients.s3.send(
    new PutObjectCommand({ Bucket: runner.clients.config.buckets.blobs, Key: `blobs/${id}`, Body }),
  )

/** The number of passes of a stage. */
const passes = async (jobId: string, stage: Stage<unknown>): Promise<number> =>
  (await Array.fromAsync(runner.services.jobs.results(jobId, stage))).length

/** Reads the blobs of an archive, and the number of its segments of blobs, with the reader that verifies every byte. */
const archivedBlobs = async (bytes: Buffer): Promise<{ segments: number; blobs: Record<string, string> }> => {
  const opened = await openArchive(memorySource(bytes))
  const blobs: Record<string, string> = {}
  const segments = opened.segments.filter(({ model }) => model === undefined)
  for (const segment of segments)
    for await (const { entry, content } of readEntries(opened, segment, await readIndex(opened, segment))) {
      const read = Buffer.concat(await content.toArray())
      blobs[entry.file_id ?? ''] = hash('sha256', read)
    }
  return { segments: segments.length, blobs }
}

const digests = (flags: Readonly<Record<string, Buffer>>): Record<string, string> =>
  Object.fromEntries(Object.entries(flags).map(([id, bytes]) => [id, hash('sha256', bytes)]))

describe('a blob that does not fit into one pass', () => {
  it.each([6 * MIB, 12 * MIB, 16 * MIB + 1, 33 * MIB + 777])(
    'of %i bytes is exported, checked, restored and verified in several passes',
    async (size) => {
      const flags = { small: randomBytes(1000), large: randomBytes(size), tiny: Buffer.from('x') }
      await writeCountries(flags)
      const before = stableContents(await runner.contents())
      const { job, archive } = await runner.export(['country'])
      expect(await archivedBlobs(archive)).toMatchObject({ blobs: digests(flags) })
      // The small blobs share a pass with the end of the large blob, or take a pass each.
      expect(await passes(job.job_id, EXPORT_BLOBS)).toBeGreaterThan(1 + size / (5 * MIB))
      await runner.wipe()
      const restored = await runner.restore(archive)
      expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
      expect(stableContents(await runner.contents())).toEqual(before)
      for (const stage of [PREFLIGHT_BLOBS, VERIFY])
        expect(await passes(restored.job_id, stage)).toBeGreaterThan(size / (5 * MIB))
      if (size > 30 * MIB) expect(await passes(restored.job_id, APPLY_BLOBS)).toBeGreaterThan(4)
      expect(await unfinishedUploads(runner.clients)).toEqual([])
    },
  )
})

describe('an existing large blob', () => {
  const SIZE = 12 * MIB
  const archiveOf = async (flags: Readonly<Record<string, Buffer>>): Promise<Buffer> => {
    await writeCountries(flags)
    return (await runner.export(['country'])).archive
  }

  it('is compared with the archive in several passes, and is not written if it is equal', async () => {
    const archive = await archiveOf({ equal: randomBytes(SIZE), shorter: randomBytes(SIZE), other: randomBytes(SIZE) })
    await putBlob('shorter', randomBytes(SIZE - 1))
    await putBlob('other', randomBytes(SIZE))
    const { job_id, result } = await runner.restore(archive, { dry_run: true })
    expect(result).toMatchObject({ dry_run: { blobs: { new: 0, changed: 2, same: 1 } } })
    // Each blob takes three passes of the archive. The two blobs with the same size take three passes of the target.
    expect(await passes(job_id, PREFLIGHT_BLOBS)).toBeGreaterThan(9)
    const restored = await runner.restore(archive)
    expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
  })

  it('is kept under skip if it differs', async () => {
    const archive = await archiveOf({ other: randomBytes(SIZE) })
    await runner.wipe()
    const own = randomBytes(SIZE)
    await putBlob('other', own)
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
    await writeCountries({ small: Buffer.from('x'), huge: randomBytes(7 * MIB + 1) })
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
    await writeCountries({ good: randomBytes(12 * MIB), bad: Buffer.from('x') })
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
    await writeCountries({ changing: randomBytes(16 * MIB) })
    const replacement = randomBytes(16 * MIB)
    runner.beforeStage('export-blobs', () => {
      runner.beforeStage('export-blobs', async () => {
        await putBlob('changing', replacement)
      })
      return Promise.resolve()
    })
    const { archive } = await runner.export(['country'])
    expect((await archivedBlobs(archive)).blobs).toEqual(digests({ changing: replacement }))
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })

  it('is rejected if any of its bytes in the archive is wrong, before anything is written', async () => {
    await writeCountries({ damaged: randomBytes(16 * MIB) })
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
    await writeCountries({ late: blob })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    const changed = Buffer.from(blob)
    changed[15 * MIB] = (changed[15 * MIB] ?? 0) ^ 1
    runner.beforeStage('verify', async () => {
      await putBlob('late', changed)
    })
    expect(await runner.restore(archive)).toMatchObject({ status: 'failed', error: { checks: ['blobs'] } })
  })
})

/** Calls `interfere` before a pass of a stage, while an upload that an earlier pass has begun is open. */
const whileUploading = (stage: string, interfere: (jobId: string) => Promise<void>): void => {
  runner.beforeStage(stage, async (jobId) => {
    if ((await unfinishedUploads(runner.clients, { withParts: true })).length > 0) await interfere(jobId)
    else whileUploading(stage, interfere)
  })
}

describe('a job that ends while a large blob is being copied', () => {
  const BLOB = randomBytes(33 * MIB)
  const cancelWhileUploading = (stage: string): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    whileUploading(stage, async (jobId) => {
      cancelJob(runner.services, jobId).then(() => {
        resolve(undefined)
      }, reject)
      while ((await runner.services.jobs.getStatus(jobId)) !== 'cancelled') await sleep(5)
    })
    return promise
  }
  const failWhileUploading = (stage: string): void => {
    whileUploading(stage, () =>
      Promise.reject(Object.assign(new Error('the pass failed'), { name: 'ArchiveInvalidError' })),
    )
  }

  it('leaves no unfinished upload if it is a cancelled export', async () => {
    await writeCountries({ large: BLOB })
    const cancelled = cancelWhileUploading('export-blobs')
    await expect(runner.export(['country'])).rejects.toThrow(JobFailedError)
    await cancelled
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })

  it('leaves no unfinished upload if it is a failed export', async () => {
    await writeCountries({ large: BLOB })
    failWhileUploading('export-blobs')
    await expect(runner.export(['country'])).rejects.toThrow(JobFailedError)
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })

  it('leaves no unfinished upload if it is a cancelled or failed restore, and the next restore succeeds', async () => {
    await writeCountries({ large: BLOB })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    const cancelled = cancelWhileUploading('apply-blobs')
    expect(await runner.restore(archive)).toMatchObject({ status: 'cancelled' })
    await cancelled
    expect(await unfinishedUploads(runner.clients)).toEqual([])
    await runner.freeLeases()
    failWhileUploading('apply-blobs')
    expect(await runner.restore(archive)).toMatchObject({ status: 'failed' })
    expect(await unfinishedUploads(runner.clients)).toEqual([])
    await runner.freeLeases()
    expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
  })

  it('begins another upload if the first one is gone', async () => {
    await writeCountries({ large: BLOB })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    whileUploading('apply-blobs', async (jobId) => {
      await abortOpenUploads(runner.services, jobId)
    })
    expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })

  it('does not keep a throttled pass from handing over the blobs before it', async () => {
    await writeCountries({ first: randomBytes(12 * MIB), second: randomBytes(12 * MIB) })
    await runner.deploy({}, { passMs: LIMITS.passMs })
    const { objects } = runner.services
    const throttled = new ThrottledError({ service: 'S3', operation: 'CreateMultipartUpload' }, 0, undefined)
    const begin = objects.multipart.bind(objects)
    vi.spyOn(objects, 'multipart').mockImplementationOnce(begin).mockRejectedValueOnce(throttled)
    const { job } = await runner.export(['country'])
    expect(await passes(job.job_id, EXPORT_BLOBS)).toBe(2)
    expect(await runner.services.jobs.failure(job.job_id, 'ThrottledError')).toBeUndefined()
    await runner.deploy({}, { passMs: 0 })
  })

  it('leaves no unfinished upload if the pass fails after it has begun the upload', async () => {
    await writeCountries({ large: BLOB })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    const { objects, jobs } = runner.services
    const begin = objects.multipart.bind(objects)
    vi.spyOn(objects, 'multipart').mockImplementationOnce(async (...upload) => {
      vi.spyOn(jobs, 'get').mockRejectedValueOnce(new Error('the job cannot be read'))
      return begin(...upload)
    })
    expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })

  it('is handed over with all of its parts if its completion is throttled', async () => {
    await writeCountries({ large: BLOB })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    runner.beforeStage('apply-blobs', () => {
      const throttled = new ThrottledError({ service: 'S3', operation: 'CompleteMultipartUpload' }, 0, undefined)
      vi.spyOn(MultipartUpload.prototype, 'complete').mockRejectedValueOnce(throttled)
      return Promise.resolve()
    })
    const { job_id, result } = await runner.restore(archive)
    expect(result).toMatchObject({ verification: { passed: true } })
    expect(await runner.services.jobs.failure(job_id, 'ThrottledError')).toBeUndefined()
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })
})

describe('a large blob that changes while it is copied into the archive', () => {
  it.each([
    ['is exported with its new bytes if it is replaced', randomBytes(12 * MIB)],
    ['is exported with its new bytes if a small blob replaces it', Buffer.from('small')],
  ])('%s, and leaves no unfinished upload', async (_title, replacement) => {
    await writeCountries({ changing: randomBytes(33 * MIB) })
    whileUploading('export-blobs', async () => {
      await putBlob('changing', replacement)
    })
    const { archive } = await runner.export(['country'])
    expect((await archivedBlobs(archive)).blobs).toEqual(digests({ changing: replacement }))
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })
})

describe('the completion of a large blob that conflicts with another write', () => {
  it('is repeated with a new upload of all parts, and fails the job if the conflict does not end', async () => {
    const flags = { large: randomBytes(12 * MIB) }
    await writeCountries(flags)
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    let conflicts = 2
    injectFaults(runner.clients.s3, (_n, command) =>
      command === 'CompleteMultipartUploadCommand' && conflicts-- > 0 ? { kind: 'conflict' } : undefined,
    )
    expect(await runner.restore(archive, { on_duplicate: 'skip' })).toMatchObject({
      status: 'succeeded',
      result: { verification: { passed: true } },
    })
    expect(conflicts).toBeLessThan(0)
    expect(await unfinishedUploads(runner.clients)).toEqual([])
    await runner.wipe()
    conflicts = Infinity
    expect(await runner.restore(archive, { on_duplicate: 'skip' })).toMatchObject({ status: 'failed' })
    conflicts = 0
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })
})
