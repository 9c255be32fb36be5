import { createHash, randomBytes } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { describe, expect, it } from 'vitest'
import { rejection, type S3Session } from './session.ts'

const MIB = 1024 * 1024
const SMALLEST_PART = 5 * MIB

/** Starts an upload and returns its calls. The client adds no checksums. */
export async function startUpload(
  { bucket: Bucket, plainClient }: Pick<S3Session, 'bucket' | 'plainClient'>,
  Key: string,
  more: Partial<CreateMultipartUploadCommandInput> = {},
) {
  const { UploadId } = await plainClient.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))
  const upload = { Bucket, Key, UploadId }
  return {
    ...upload,
    async part(PartNumber: number, Body: Buffer): Promise<CompletedPart> {
      const { ETag } = await plainClient.send(new UploadPartCommand({ ...upload, PartNumber, Body }))
      return { PartNumber, ETag }
    },
    async copy(PartNumber: number, source: string, more: object = {}): Promise<CompletedPart> {
      const CopySource = `${Bucket}/${source}`
      const command = new UploadPartCopyCommand({ ...upload, PartNumber, CopySource, ...more })
      const { CopyPartResult } = await plainClient.send(command)
      return { PartNumber, ETag: CopyPartResult?.ETag }
    },
    complete: (Parts: CompletedPart[], more: object = {}) =>
      plainClient.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more })),
    parts: async () => (await plainClient.send(new ListPartsCommand(upload))).Parts ?? [],
    abort: () => plainClient.send(new AbortMultipartUploadCommand(upload)),
  }
}

/** Multipart uploads, UploadPartCopy, and lists of uploads and parts. */
export const multipartContract = (s3: S3Session): void => {
  const start = (key: string, more?: Partial<CreateMultipartUploadCommandInput>) => startUpload(s3, key, more)

  describe('a multipart upload', () => {
    it('creates one object from parts that arrive in any order, with its metadata', async () => {
      const bodies = [randomBytes(SMALLEST_PART), randomBytes(SMALLEST_PART + 3), randomBytes(17)]
      const upload = await start('composed', { Metadata: { job: 'job-9' }, ContentType: 'application/x-tar' })
      const parts: CompletedPart[] = []
      for (const number of [3, 1, 2]) {
        parts[number - 1] = await upload.part(number, bodies[number - 1] ?? Buffer.alloc(0))
      }
      await upload.complete(parts)
      const whole = Buffer.concat(bodies)
      expect((await s3.bytes('composed')).equals(whole)).toBe(true)
      const found = await s3.head('composed')
      expect(found).toMatchObject({
        Metadata: { job: 'job-9' },
        ContentType: 'application/x-tar',
        ContentLength: whole.length,
      })
      const md5 = createHash('md5')
      for (const body of bodies) md5.update(createHash('md5').update(body).digest())
      expect(found.ETag).toBe(`"${md5.digest('hex')}-3"`)
    })

    it('creates an object with all its headers', async () => {
      const headers = {
        Metadata: { owner: 'anna' },
        ContentType: 'text/css',
        CacheControl: 'max-age=60',
        ContentDisposition: 'attachment; filename="a b.css"',
        ContentEncoding: 'gzip',
        ContentLanguage: 'de',
      }
      const upload = await start('composed headers', { ...headers, Expires: new Date('2030-01-02T03:04:05Z') })
      await upload.complete([await upload.part(1, Buffer.from('x'))])
      expect(await s3.head('composed headers')).toMatchObject({
        ...headers,
        ExpiresString: 'Wed, 02 Jan 2030 03:04:05 GMT',
      })
    })

    it('can be read by ranges across its parts', async () => {
      const whole = await s3.bytes('composed')
      for (const [start, end] of [
        [SMALLEST_PART - 2, SMALLEST_PART + 1],
        [0, 0],
        [SMALLEST_PART * 2, whole.length - 1],
        [3, whole.length - 2],
      ] as const) {
        const range = await s3.bytes('composed', { Range: `bytes=${start}-${end}` })
        expect(range.equals(whole.subarray(start, end + 1))).toBe(true)
      }
      expect((await s3.bytes('composed', { Range: 'bytes=-20' })).equals(whole.subarray(-20))).toBe(true)
    })

    it('works with lib-storage and checksums of its parts', async () => {
      const body = randomBytes(12 * MIB)
      const params = {
        Bucket: s3.bucket,
        Key: 'by-lib-storage',
        Body: body,
        ChecksumAlgorithm: 'SHA256' as const,
      }
      await new Upload({ client: s3.plainClient, params, partSize: SMALLEST_PART }).done()
      expect((await s3.bytes('by-lib-storage')).equals(body)).toBe(true)
      expect((await s3.head('by-lib-storage', { ChecksumMode: 'ENABLED' })).ChecksumSHA256).toMatch(/=-3$/)
      const again = new Upload({
        client: s3.plainClient,
        params: { ...params, IfNoneMatch: '*' },
        partSize: SMALLEST_PART,
      })
      await expect(again.done()).rejects.toMatchObject({ name: 'PreconditionFailed' })
    })

    it('does not exist any more after it was aborted', async () => {
      const upload = await start('aborted')
      await upload.part(1, randomBytes(100))
      expect((await upload.abort()).$metadata.httpStatusCode).toBe(204)
      const noSuchUpload = { name: 'NoSuchUpload', status: 404 }
      expect(await rejection(upload.abort())).toEqual(noSuchUpload)
      expect(await rejection(upload.part(2, randomBytes(100)))).toEqual(noSuchUpload)
      expect(await rejection(upload.parts())).toEqual(noSuchUpload)
    })

    it.runIf(s3.has('single-completion'))('does not exist any more after it was completed', async () => {
      const upload = await start('once')
      const part = await upload.part(1, Buffer.from('used'))
      await upload.part(2, Buffer.from('not used'))
      await upload.complete([part])
      expect(await rejection(upload.complete([part]))).toEqual({ name: 'NoSuchUpload', status: 404 })
      expect(await s3.text('once')).toBe('used')
    })
  })

  describe('completing an upload', () => {
    it('rejects parts that were not uploaded or have another ETag', async () => {
      const upload = await start('missing')
      const part = await upload.part(1, randomBytes(SMALLEST_PART))
      const missing = upload.complete([part, { PartNumber: 2, ETag: part.ETag }])
      expect(await rejection(missing)).toEqual({ name: 'InvalidPart', status: 400 })
      const wrong = upload.complete([{ PartNumber: 1, ETag: '"0123"' }])
      expect(await rejection(wrong)).toEqual({ name: 'InvalidPart', status: 400 })
      await upload.complete([part])
      expect(await s3.bytes('missing')).toHaveLength(SMALLEST_PART)
    })

    it('rejects a wrong order, an empty list, and small parts before the last', async () => {
      const upload = await start('rejected')
      const small = await upload.part(1, randomBytes(SMALLEST_PART - 1))
      const last = await upload.part(2, randomBytes(1))
      expect(await rejection(upload.complete([last, small]))).toEqual({ name: 'InvalidPartOrder', status: 400 })
      expect(await rejection(upload.complete([]))).toEqual({ name: 'MalformedXML', status: 400 })
      expect(await rejection(upload.complete([small, last]))).toEqual({ name: 'EntityTooSmall', status: 400 })
      await upload.abort()
    })

    it('with If-None-Match succeeds for one of eight, and the others keep their uploads', async () => {
      const uploads = await Promise.all(Array.from({ length: 8 }, () => start('raced')))
      const parts = await Promise.all(uploads.map((upload, index) => upload.part(1, Buffer.from(`upload ${index}`))))
      const results = await Promise.allSettled(
        uploads.map((upload, index) => upload.complete(parts.slice(index, index + 1), { IfNoneMatch: '*' })),
      )
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const winner = results.findIndex(({ status }) => status === 'fulfilled')
      expect(await s3.text('raced')).toBe(`upload ${winner}`)
      const loser = (winner + 1) % 8
      expect(await uploads[loser]?.parts()).toHaveLength(1)
      const { ETag } = await s3.head('raced')
      await uploads[loser]?.complete(parts.slice(loser, loser + 1), { IfMatch: ETag })
      expect(await s3.text('raced')).toBe(`upload ${loser}`)
    })

    it('accepts a list of ten thousand parts', async () => {
      const upload = await start('many-parts')
      const part = await upload.part(1, Buffer.from('x'))
      const Parts = Array.from({ length: 10_000 }, (_, index) => ({ PartNumber: index + 1, ETag: part.ETag }))
      expect(await rejection(upload.complete(Parts))).toEqual({ name: 'InvalidPart', status: 400 })
      await upload.abort()
    })

    it('compares the listed checksums of parts with those of the uploaded parts', async () => {
      const upload = await start('summed-parts', { ChecksumAlgorithm: 'CRC32' })
      const { Bucket, Key, UploadId } = upload
      const Body = Buffer.from('123456789')
      const wrong = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body, ChecksumCRC32: 'AAAAAA==' })
      expect(await rejection(s3.plainClient.send(wrong))).toEqual({ name: 'BadDigest', status: 400 })
      const ChecksumCRC32 = 'y/Q5Jg=='
      const right = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body, ChecksumCRC32 })
      const { ETag } = await s3.plainClient.send(right)
      const part = { PartNumber: 1, ETag }
      expect((await upload.parts())[0]).toMatchObject({ ChecksumCRC32 })
      expect(await rejection(upload.complete([{ ...part, ChecksumCRC32: 'AAAAAA==' }]))).toMatchObject({
        name: 'InvalidPart',
      })
      expect(await rejection(upload.complete([part]))).toEqual({ name: 'InvalidRequest', status: 400 })
      expect(await upload.complete([{ ...part, ChecksumCRC32 }])).toMatchObject({
        ChecksumCRC32: expect.stringMatching(/-1$/) as string,
      })
    })
  })

  describe('a part', () => {
    it('that is sent several times concurrently is one of the bodies, whole', async () => {
      const upload = await start('repeated')
      const bodies = Array.from({ length: 6 }, (_, index) => Buffer.alloc(2 * MIB + index, `${index}`))
      await Promise.all(bodies.map((body) => upload.part(1, body)))
      const [kept] = await upload.parts()
      const body = bodies.find((candidate) => candidate.length === kept?.Size) ?? Buffer.alloc(0)
      expect(kept?.ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`)
      await upload.complete([{ PartNumber: 1, ETag: kept?.ETag }])
      expect((await s3.bytes('repeated')).equals(body)).toBe(true)
    })

    it('has a number from 1 to 10,000', async () => {
      const upload = await start('numbered')
      for (const number of [0, 10_001]) {
        const part = upload.part(number, Buffer.from('x'))
        expect(await rejection(part)).toEqual({ name: 'InvalidArgument', status: 400 })
      }
      await upload.abort()
    })

    it('is copied from an object, or from a range of it, in the named state', async () => {
      const source = randomBytes(SMALLEST_PART + 1000)
      const { ETag } = await s3.put('part-source', source)
      const upload = await start('from-copies')
      const pinned = { CopySourceIfMatch: ETag }
      const CopySourceRange = `bytes=10-${SMALLEST_PART + 9}`
      const across = `bytes=${SMALLEST_PART - 5}-${SMALLEST_PART + 4}`
      const first = await upload.copy(1, 'part-source', pinned)
      const second = await upload.copy(2, 'part-source', { CopySourceRange, ...pinned })
      const third = await upload.copy(3, 'composed', { CopySourceRange: across })
      expect(first.ETag).toBe(ETag)
      const other = upload.copy(4, 'part-source', { CopySourceIfMatch: '"other"' })
      expect(await rejection(other)).toMatchObject({ status: 412 })
      for (const CopySourceRange of ['bytes=0-99999999', 'bytes=5-', 'bytes=5-4']) {
        const invalid = upload.copy(4, 'part-source', { CopySourceRange })
        expect(await rejection(invalid)).toMatchObject({ status: 400 })
      }
      expect(await rejection(upload.copy(4, 'not-there'))).toEqual({ name: 'NoSuchKey', status: 404 })
      // Replacing the source does not change the copied parts.
      await s3.put('part-source', 'replaced')
      await upload.complete([first, second, third])
      const composed = await s3.bytes('composed', { Range: across })
      const expected = Buffer.concat([source, source.subarray(10, SMALLEST_PART + 10), composed])
      expect((await s3.bytes('from-copies')).equals(expected)).toBe(true)
    })
  })

  describe('lists of uploads and parts', () => {
    it('are in order, in pages', async () => {
      const Bucket = s3.bucket
      for (const key of ['up/b', 'up/a', 'up/a', 'up/c', 'other']) await start(key)
      const list = { Bucket, Prefix: 'up/', MaxUploads: 3 }
      const page = await s3.client.send(new ListMultipartUploadsCommand(list))
      expect(page.Uploads?.map(({ Key }) => Key)).toEqual(['up/a', 'up/a', 'up/b'])
      expect(page.IsTruncated).toBe(true)
      const markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
      const rest = await s3.client.send(new ListMultipartUploadsCommand({ ...list, ...markers }))
      expect(rest.Uploads?.map(({ Key }) => Key)).toEqual(['up/c'])
      expect(rest.IsTruncated).toBe(false)

      const upload = await start('listed')
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
}
