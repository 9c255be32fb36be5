import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucket as Bucket, refusal, runS3 } from './running-s3.ts'

const MIB = 1024 * 1024
const FIVE = 5 * MIB

let s3: Awaited<ReturnType<typeof runS3>>
beforeAll(async () => {
  s3 = await runS3()
  s3.client.config.requestChecksumCalculation = () => Promise.resolve('WHEN_REQUIRED')
})
afterAll(() => s3.end())

async function started(Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}) {
  const { UploadId } = await s3.client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))
  const upload = { Bucket, Key, UploadId }
  return {
    ...upload,
    async part(PartNumber: number, Body: Buffer): Promise<CompletedPart> {
      const { ETag } = await s3.client.send(new UploadPartCommand({ ...upload, PartNumber, Body }))
      return { PartNumber, ETag }
    },
    async copy(PartNumber: number, source: string, more: object = {}): Promise<CompletedPart> {
      const CopySource = `${Bucket}/${source}`
      const command = new UploadPartCopyCommand({ ...upload, PartNumber, CopySource, ...more })
      const { CopyPartResult } = await s3.client.send(command)
      return { PartNumber, ETag: CopyPartResult?.ETag }
    },
    complete: (Parts: CompletedPart[], more: object = {}) =>
      s3.client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more })),
    parts: async () => (await s3.client.send(new ListPartsCommand(upload))).Parts ?? [],
    abort: () => s3.client.send(new AbortMultipartUploadCommand(upload)),
  }
}

async function bytesOf(Key: string, Range?: string): Promise<Buffer> {
  const { Body } = await s3.client.send(new GetObjectCommand({ Bucket, Key, Range }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

describe('a multipart upload', () => {
  it('makes one object of its parts, whatever order they came in, with its metadata', async () => {
    const bodies = [randomBytes(FIVE), randomBytes(FIVE + 3), randomBytes(17)]
    const upload = await started('composed', { Metadata: { job: 'job-9' }, ContentType: 'application/x-tar' })
    const parts: CompletedPart[] = []
    for (const number of [3, 1, 2]) parts[number - 1] = await upload.part(number, bodies[number - 1] ?? Buffer.alloc(0))
    await upload.complete(parts)
    const whole = Buffer.concat(bodies)
    expect((await bytesOf('composed')).equals(whole)).toBe(true)
    const found = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'composed' }))
    expect(found).toMatchObject({
      Metadata: { job: 'job-9' },
      ContentType: 'application/x-tar',
      ContentLength: whole.length,
    })
    const md5 = createHash('md5')
    for (const body of bodies) md5.update(createHash('md5').update(body).digest())
    expect(found.ETag).toBe(`"${md5.digest('hex')}-3"`)
  })

  it('can be read by ranges across its parts', async () => {
    const whole = await bytesOf('composed')
    for (const [start, end] of [
      [FIVE - 2, FIVE + 1],
      [0, 0],
      [FIVE * 2, whole.length - 1],
      [3, whole.length - 2],
    ] as const) {
      const range = await bytesOf('composed', `bytes=${start}-${end}`)
      expect(range.equals(whole.subarray(start, end + 1))).toBe(true)
    }
    expect((await bytesOf('composed', 'bytes=-20')).equals(whole.subarray(-20))).toBe(true)
  })

  it('goes through lib-storage, with checksums of its parts', async () => {
    const body = randomBytes(12 * MIB)
    const params = { Bucket, Key: 'by-lib-storage', Body: body, ChecksumAlgorithm: 'SHA256' as const }
    await new Upload({ client: s3.client, params, partSize: FIVE }).done()
    expect((await bytesOf('by-lib-storage')).equals(body)).toBe(true)
    const asked = new HeadObjectCommand({ Bucket, Key: 'by-lib-storage', ChecksumMode: 'ENABLED' })
    expect((await s3.client.send(asked)).ChecksumSHA256).toMatch(/=-3$/)
    await expect(
      new Upload({ client: s3.client, params: { ...params, IfNoneMatch: '*' }, partSize: FIVE }).done(),
    ).rejects.toMatchObject({ name: 'PreconditionFailed' })
  })

  it('that is aborted leaves nothing', async () => {
    const before = await files()
    const upload = await started('aborted')
    await upload.part(1, randomBytes(100))
    expect((await upload.abort()).$metadata.httpStatusCode).toBe(204)
    expect(await refusal(upload.abort())).toEqual({ name: 'NoSuchUpload', status: 404 })
    expect(await refusal(upload.part(2, randomBytes(100)))).toEqual({ name: 'NoSuchUpload', status: 404 })
    expect(await refusal(upload.parts())).toEqual({ name: 'NoSuchUpload', status: 404 })
    expect(await files()).toBe(before)
  })

  it('is over when it is complete, and parts that were not named are gone', async () => {
    const before = await files()
    const upload = await started('once')
    const part = await upload.part(1, Buffer.from('used'))
    await upload.part(2, Buffer.from('not used'))
    await upload.complete([part])
    expect(await refusal(upload.complete([part]))).toEqual({ name: 'NoSuchUpload', status: 404 })
    expect(await files()).toBe(before + 1)
  })
})

describe('completing', () => {
  it('with a part that is not there is 400, and the server lives', async () => {
    const upload = await started('missing')
    const part = await upload.part(1, randomBytes(FIVE))
    const missing = upload.complete([part, { PartNumber: 2, ETag: part.ETag }])
    expect(await refusal(missing)).toEqual({ name: 'InvalidPart', status: 400 })
    const wrong = upload.complete([{ PartNumber: 1, ETag: '"0123"' }])
    expect(await refusal(wrong)).toEqual({ name: 'InvalidPart', status: 400 })
    await upload.complete([part])
    expect(await bytesOf('missing')).toHaveLength(FIVE)
  })

  it('out of order, with nothing, or with small parts before the last is 400', async () => {
    const upload = await started('refused')
    const small = await upload.part(1, randomBytes(FIVE - 1))
    const last = await upload.part(2, randomBytes(1))
    expect(await refusal(upload.complete([last, small]))).toEqual({ name: 'InvalidPartOrder', status: 400 })
    expect(await refusal(upload.complete([]))).toEqual({ name: 'MalformedXML', status: 400 })
    expect(await refusal(upload.complete([small, last]))).toEqual({ name: 'EntityTooSmall', status: 400 })
    await upload.abort()
  })

  it('under If-None-Match lets one of eight win, and the others keep their uploads', async () => {
    const uploads = await Promise.all(Array.from({ length: 8 }, () => started('raced')))
    const parts = await Promise.all(uploads.map((upload, at) => upload.part(1, Buffer.from(`upload ${at}`))))
    const results = await Promise.allSettled(
      uploads.map((upload, at) => upload.complete(parts.slice(at, at + 1), { IfNoneMatch: '*' })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const winner = results.findIndex(({ status }) => status === 'fulfilled')
    expect((await bytesOf('raced')).toString()).toBe(`upload ${winner}`)
    const loser = uploads[(winner + 1) % 8]
    expect(await loser?.parts()).toHaveLength(1)
    const { ETag } = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'raced' }))
    await loser?.complete(parts.slice((winner + 1) % 8, ((winner + 1) % 8) + 1), { IfMatch: ETag })
    expect((await bytesOf('raced')).toString()).toBe(`upload ${(winner + 1) % 8}`)
  })

  it('takes ten thousand parts by their names', async () => {
    const upload = await started('many')
    const part = await upload.part(1, Buffer.from('x'))
    const Parts = Array.from({ length: 10_000 }, (_, at) => ({ PartNumber: at + 1, ETag: part.ETag }))
    expect(await refusal(upload.complete(Parts))).toEqual({ name: 'InvalidPart', status: 400 })
  })

  it('compares the checksums of parts with those that came', async () => {
    const upload = await started('summed', { ChecksumAlgorithm: 'CRC32' })
    const { Bucket, Key, UploadId } = upload
    const Body = Buffer.from('123456789')
    const wrong = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body, ChecksumCRC32: 'AAAAAA==' })
    expect(await refusal(s3.client.send(wrong))).toEqual({ name: 'BadDigest', status: 400 })
    const part = await upload.part(1, Body)
    expect((await upload.parts())[0]).toMatchObject({ ChecksumCRC32: 'y/Q5Jg==' })
    expect(await refusal(upload.complete([{ ...part, ChecksumCRC32: 'AAAAAA==' }]))).toMatchObject({
      name: 'InvalidPart',
    })
    expect(await refusal(upload.complete([part]))).toEqual({ name: 'InvalidRequest', status: 400 })
    expect(await upload.complete([{ ...part, ChecksumCRC32: 'y/Q5Jg==' }])).toMatchObject({
      ChecksumCRC32: expect.stringMatching(/-1$/) as string,
    })
  })
})

describe('a part', () => {
  it('sent several times at once is one of those, whole', async () => {
    const upload = await started('repeated')
    const bodies = Array.from({ length: 6 }, (_, at) => Buffer.alloc(2 * MIB + at, `${at}`))
    await Promise.all(bodies.map((body) => upload.part(1, body)))
    const [kept] = await upload.parts()
    const body = bodies.find((candidate) => candidate.length === kept?.Size)
    expect(kept?.ETag).toBe(
      `"${createHash('md5')
        .update(body ?? '')
        .digest('hex')}"`,
    )
    await upload.complete([{ PartNumber: 1, ETag: kept?.ETag }])
    expect((await bytesOf('repeated')).equals(body ?? Buffer.alloc(0))).toBe(true)
  })

  it('has a number from 1 to 10,000', async () => {
    const upload = await started('numbered')
    for (const number of [0, 10_001]) {
      expect(await refusal(upload.part(number, Buffer.from('x')))).toEqual({ name: 'InvalidArgument', status: 400 })
    }
    await upload.abort()
  })

  it('is copied from an object, or a range of it, of the state that is named', async () => {
    const source = randomBytes(FIVE + 1000)
    const { ETag } = await s3.client.send(new PutObjectCommand({ Bucket, Key: 'part-source', Body: source }))
    const upload = await started('from-copies')
    const pinned = { CopySourceIfMatch: ETag }
    const first = await upload.copy(1, 'part-source', pinned)
    const second = await upload.copy(2, 'part-source', { CopySourceRange: `bytes=10-${FIVE + 9}`, ...pinned })
    const third = await upload.copy(3, 'composed', { CopySourceRange: `bytes=${FIVE - 5}-${FIVE + 4}` })
    expect(first.ETag).toBe(ETag)
    expect(await refusal(upload.copy(4, 'part-source', { CopySourceIfMatch: '"other"' }))).toMatchObject({
      status: 412,
    })
    for (const CopySourceRange of ['bytes=0-99999999', 'bytes=5-', 'bytes=5-4']) {
      expect(await refusal(upload.copy(4, 'part-source', { CopySourceRange }))).toMatchObject({ status: 400 })
    }
    expect(await refusal(upload.copy(4, 'not-there'))).toEqual({ name: 'NoSuchKey', status: 404 })
    // The source may change and go: what was copied stays.
    await s3.client.send(new PutObjectCommand({ Bucket, Key: 'part-source', Body: 'replaced' }))
    await upload.complete([first, second, third])
    const composed = await bytesOf('composed', `bytes=${FIVE - 5}-${FIVE + 4}`)
    const expected = Buffer.concat([source, source.subarray(10, FIVE + 10), composed])
    expect((await bytesOf('from-copies')).equals(expected)).toBe(true)
  })
})

describe('the uploads of a bucket', () => {
  it('are listed by key in pages, and their parts too', async () => {
    for (const { Key, UploadId } of (await s3.client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []) {
      await s3.client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
    }
    for (const key of ['up/b', 'up/a', 'up/a', 'up/c', 'other']) await started(key)
    const list = { Bucket, Prefix: 'up/', MaxUploads: 3 }
    const page = await s3.client.send(new ListMultipartUploadsCommand(list))
    expect(page.Uploads?.map(({ Key }) => Key)).toEqual(['up/a', 'up/a', 'up/b'])
    expect(page.IsTruncated).toBe(true)
    const markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    const rest = await s3.client.send(new ListMultipartUploadsCommand({ ...list, ...markers }))
    expect(rest.Uploads?.map(({ Key }) => Key)).toEqual(['up/c'])
    expect(rest.IsTruncated).toBe(false)

    const upload = await started('listed')
    for (const number of [1, 2, 3]) await upload.part(number, Buffer.alloc(number))
    const { Key, UploadId } = upload
    const first = await s3.client.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2 }))
    expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2' })
    const second = await s3.client.send(new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker: '2' }))
    expect(second.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([3])
    expect(second.IsTruncated).toBe(false)
  })
})

async function files(): Promise<number> {
  const found = await readdir(`${s3.dir}/content`, { recursive: true, withFileTypes: true })
  return found.filter((entry) => entry.isFile()).length
}
