import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { EXPORT_BLOBS } from '../../shared/export/messages.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import { abortOpenUploads } from '../../shared/jobs/upload-in-steps.ts'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import { MultipartUpload } from '../../shared/objects/aws/multipart-upload.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { injectFaults } from '../faults/fault-middleware.ts'
import { unfinishedUploads } from '../contents.ts'
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
    await writeCountries(runner, { large: BLOB })
    const cancelled = cancelWhileUploading('export-blobs')
    await expect(runner.export(['country'])).rejects.toThrow(JobFailedError)
    await cancelled
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })

  it('leaves no unfinished upload if it is a failed export', async () => {
    await writeCountries(runner, { large: BLOB })
    failWhileUploading('export-blobs')
    await expect(runner.export(['country'])).rejects.toThrow(JobFailedError)
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })

  it('leaves no unfinished upload if it is a cancelled or failed restore, and the next restore succeeds', async () => {
    await writeCountries(runner, { large: BLOB })
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
    await writeCountries(runner, { large: BLOB })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    whileUploading('apply-blobs', async (jobId) => {
      await abortOpenUploads(runner.services, jobId)
    })
    expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })

  it('begins another upload if an update of the deployment has changed the parts', async () => {
    await writeCountries(runner, { large: BLOB })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    whileUploading('apply-blobs', async () => {
      await runner.deploy({}, { hashStepBytes: 16 * MIB })
    })
    expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
    expect(await unfinishedUploads(runner.clients)).toEqual([])
    await runner.deploy({}, { hashStepBytes: STEP_BYTES })
  })

  it('does not keep a throttled pass from handing over the blobs before it', async () => {
    await writeCountries(runner, { first: randomBytes(12 * MIB), second: randomBytes(12 * MIB) })
    await runner.deploy({}, { passMs: LIMITS.passMs })
    const { objects } = runner.services
    const throttled = new ThrottledError({ service: 'S3', operation: 'CreateMultipartUpload' }, 0, undefined)
    const begin = objects.multipart.bind(objects)
    vi.spyOn(objects, 'multipart').mockImplementationOnce(begin).mockRejectedValueOnce(throttled)
    const { job } = await runner.export(['country'])
    expect(await passes(runner, job.job_id, EXPORT_BLOBS)).toBe(2)
    expect(await runner.services.jobs.failure(job.job_id, 'ThrottledError')).toBeUndefined()
    await runner.deploy({}, { passMs: 0 })
  })

  it('leaves no unfinished upload if the pass fails after it has begun the upload', async () => {
    await writeCountries(runner, { large: BLOB })
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
    await writeCountries(runner, { large: BLOB })
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
    await writeCountries(runner, { changing: randomBytes(33 * MIB) })
    whileUploading('export-blobs', async () => {
      await putBlob(runner, 'changing', replacement)
    })
    const { archive } = await runner.export(['country'])
    expect((await archivedBlobs(archive)).blobs).toEqual(digests({ changing: replacement }))
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })
})

describe('the completion of a large blob that conflicts with another write', () => {
  it('is repeated with a new upload of all parts, and fails the job if the conflict does not end', async () => {
    const flags = { large: randomBytes(12 * MIB) }
    await writeCountries(runner, flags)
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
