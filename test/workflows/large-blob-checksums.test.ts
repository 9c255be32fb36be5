import { hash, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { Job } from '../../shared/jobs/job.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import { LAYOUT_LIMITS } from '../../shared/objects/part-layout.ts'
import { PREFLIGHT_BLOBS } from '../../shared/restore/messages/preflight-blobs.ts'
import { VERIFY } from '../../shared/restore/messages/verify.ts'
import { unfinishedUploads } from '../contents.ts'
import { passes, startLargeBlobRunner, STEP_BYTES, writeCountries } from './large-blob-runner.ts'

const MIB = 1024 * 1024
const runner = await startLargeBlobRunner()

/** The number of bytes of blobs that were read in ranges. */
let readBytes = 0
/** If false, the server computes no checksums of copied parts. */
let hasChecksums = true
/** The command that the server rejects, if S3 is to compute checksums of the upload. */
let rejected: string | undefined
/** The uploads of which S3 computes checksums. */
const withChecksums = new Set<string | undefined>()

runner.clients.s3.middlewareStack.add(
  (next, { commandName }) =>
    async (args) => {
      const { Bucket, Range = '', ChecksumAlgorithm, UploadId } = args.input as Partial<Record<string, string>>
      if (commandName === rejected && (ChecksumAlgorithm !== undefined || withChecksums.has(UploadId)))
        throw Object.assign(new Error('not supported'), { name: 'NotImplemented', $metadata: { httpStatusCode: 501 } })
      const range = /^bytes=(\d+)-(\d+)$/.exec(Range)
      if (commandName === 'GetObjectCommand' && range !== null && Bucket === runner.clients.config.buckets.blobs)
        readBytes += Number(range[2]) + 1 - Number(range[1])
      const answer = await next(args)
      if (ChecksumAlgorithm !== undefined && 'UploadId' in answer.output) withChecksums.add(answer.output.UploadId)
      if ('CopyPartResult' in answer.output && !hasChecksums) delete answer.output.CopyPartResult?.ChecksumSHA256
      return answer
    },
  { step: 'initialize', name: 'observedCopies' },
)

afterEach(async () => {
  hasChecksums = true
  rejected = undefined
  await runner.deploy({}, { largeBlobBytes: 6 * MIB })
})

/** Exports a blob, and restores it into an empty store. */
const restoreBlob = async (size: number): Promise<Job> => {
  await writeCountries(runner, { large: randomBytes(size) })
  const { archive } = await runner.export(['country'])
  await runner.wipe()
  readBytes = 0
  const job = await runner.restore(archive)
  expect(job).toMatchObject({
    status: 'succeeded',
    result: { verification: { passed: true, checks: { blobs: { checked: 1 } } } },
  })
  expect(await unfinishedUploads(runner.clients)).toEqual([])
  return job
}

describe.each([
  ['one request', 17 * MIB, { largeBlobBytes: LIMITS.largeBlobBytes }],
  ['several parts', 33 * MIB + 777, {}],
])('a blob that S3 copies in %s', (_title, size, limits) => {
  it('is proved without reading the stored object, if S3 stores the checksums of copied parts', async () => {
    await runner.deploy({}, limits)
    await restoreBlob(size)
    expect(readBytes).toBe(0)
  })

  it('is compared by a later restore without reading the stored object', async () => {
    await runner.deploy({}, limits)
    await writeCountries(runner, { large: randomBytes(size) })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    await runner.restore(archive)
    readBytes = 0
    const { result } = await runner.restore(archive)
    expect(result).toMatchObject({ verification: { passed: true, checks: { blobs: { checked: 1 } } } })
    expect(readBytes).toBe(0)
  })

  it.each([
    ['begin an upload', 'CreateMultipartUploadCommand'],
    ['copy a part', 'UploadPartCopyCommand'],
  ])('is restored and read, if the server rejects requests for checksums that %s', async (_what, command) => {
    await runner.deploy({}, limits)
    rejected = command
    await restoreBlob(size)
    expect(readBytes).toBe(size)
  })

  it('is restored and read, if the server computes no checksums of copied parts', async () => {
    await runner.deploy({}, limits)
    hasChecksums = false
    await restoreBlob(size)
    expect(readBytes).toBe(size)
  })
})

describe.each([
  ['one request', 17 * MIB, { largeBlobBytes: LIMITS.largeBlobBytes }],
  ['several parts', 33 * MIB + 777, {}],
])('a blob that S3 has copied in %s, and that another writer then replaces', (_title, size, limits) => {
  it.each<[string, (key: string, bytes: Buffer, metadata: Record<string, string>) => Promise<unknown>]>([
    [
      'one request',
      (key, bytes, metadata) =>
        runner.services.objects.put(runner.clients.config.buckets.blobs, key, bytes, { metadata }),
    ],
    [
      'a copy with checksums',
      async (key, bytes, metadata) => {
        const { archives, blobs } = runner.clients.config.buckets
        const object = await runner.services.objects.put(archives, 'source', bytes)
        return runner.services.objects.putInParts(blobs, key, { metadata, storesSha256: true }, (upload) =>
          upload.copyPart(1, { object, start: 0, length: object.size }),
        )
      },
    ],
  ])('fails the verification, although it has the same size and metadata: by %s', async (_how, write) => {
    await runner.deploy({}, limits)
    const bytes = randomBytes(size)
    await writeCountries(runner, { large: bytes })
    const { archive } = await runner.export(['country'])
    await runner.wipe()
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(size - 1) ^ 1, size - 1)
    runner.beforeStage('verify', async () => {
      await write('blobs/large', changed, { sha256: hash('sha256', bytes), size: size.toString() })
    })
    expect(await runner.restore(archive)).toMatchObject({ status: 'failed', error: { checks: ['blobs'] } })
  })
})

describe('a blob of one part that was restored', () => {
  it('is exported without hashing it, because S3 has stored its checksum', async () => {
    await runner.deploy({}, { largeBlobBytes: LIMITS.largeBlobBytes })
    await restoreBlob(17 * MIB)
    const { job } = await runner.export(['country'])
    expect(job).toMatchObject({ status: 'succeeded', result: { models: { country: { blobs: 1 } } } })
    // The bytes before the blob have less than 5 MiB, so the first part also contains bytes of the blob.
    expect(readBytes).toBeLessThan(LAYOUT_LIMITS.min)
  })
})

describe('a large blob without checksums of its parts', () => {
  it('is verified in several passes', async () => {
    hasChecksums = false
    const size = 33 * MIB
    const { job_id } = await restoreBlob(size)
    for (const stage of [PREFLIGHT_BLOBS, VERIFY])
      expect(await passes(runner, job_id, stage)).toBeGreaterThan(size / STEP_BYTES)
  })
})
