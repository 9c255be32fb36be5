import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BlobHeadersRejectedError, BlobMismatchError, BlobsMissingError } from '../../shared/blobs/errors.ts'
import { BlobStore } from '../../shared/blobs/blob-store.ts'
import { PayloadStore } from '../../shared/blobs/payload-store.ts'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { injectFaults } from '../faults/fault-middleware.ts'
import type { TestServers } from '../services.ts'

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const expectedOf = (bytes: Buffer): { size: number; sha256: string } => ({ size: bytes.length, sha256: sha256(bytes) })

/** The behaviour that blob and payload stores must have on every server. */
export const blobStoreContract = (start: () => Promise<TestServers>): void => {
  describe('a blob store', () => {
    let servers: TestServers
    let objects: ObjectStore
    let blobs: BlobStore
    let payloads: PayloadStore
    let bucket: string

    beforeAll(async () => {
      servers = await start()
      objects = new ObjectStore(servers.s3)
      bucket = servers.config.buckets.blobs
      blobs = new BlobStore(objects, bucket)
      payloads = new PayloadStore(objects, bucket)
    })
    afterAll(async () => {
      await servers.stop()
    })

    it.each([
      '99aa06d3014798d86001c324468d497f',
      '..',
      'a/b c',
      '勇者 портрет.png',
      'x'.repeat(300),
      'sha256-looks-like-one',
      '%2E',
    ])('stores a blob with the id %s', async (fileId) => {
      const bytes = randomBytes(500)
      await blobs.put(fileId, bytes, expectedOf(bytes))
      const opened = await blobs.open(fileId)
      expect(opened).toMatchObject({ file_id: fileId, sha256: sha256(bytes) })
      expect(await buffer(opened?.body ?? Readable.from([]))).toEqual(bytes)
    })

    it.each([
      undefined,
      'image/png',
      'text/plain; charset="utf-8"',
      'application/x-banner; name="ñandú.bin"',
      'binary/octet-stream',
      'application/octet-stream',
      ' padded ',
    ])('stores the content type %s', async (content_type) => {
      const bytes = Buffer.from(`of type ${content_type ?? 'unknown'}`)
      await blobs.put('typed', bytes, { ...expectedOf(bytes), ...(content_type === undefined ? {} : { content_type }) })
      expect((await blobs.head('typed'))?.content_type).toBe(content_type)
    })

    describe('the headers and user metadata of a blob', () => {
      const properties = {
        content_type: 'text/css',
        headers: {
          cache_control: 'max-age=60',
          content_disposition: `attachment; filename="a b.css"; filename*=UTF-8''%C3%B1; name=ñ`,
          content_encoding: 'gzip',
          content_language: 'de, en',
          expires: 'never',
        },
        user_metadata: { owner: 'anna', type: '100% cotton', 'x-y_z.1': '=?UTF-8?B?Wm/Dqw==?=' },
      }
      const stored = async (fileId: string): Promise<object> => {
        const { content_type, headers, user_metadata } = (await blobs.sha256Of(fileId))?.properties ?? {}
        const head = await blobs.head(fileId)
        expect(head).toMatchObject({ content_type, headers, user_metadata })
        return { content_type, headers, user_metadata }
      }
      const write = async (fileId: string, how: string, size: number): Promise<void> => {
        const bytes = randomBytes(size)
        const content = { ...expectedOf(bytes), ...properties }
        if (how === 'a buffer') await blobs.put(fileId, bytes, content)
        else if (how === 'a stream') await blobs.put(fileId, Readable.from([bytes]), content)
        else if (how === 'a buffer, if absent') await blobs.putIfAbsent(fileId, bytes, content)
        else {
          const object = await objects.put(servers.config.buckets.archives, `source of ${fileId}`, bytes)
          const range = { object, start: 0, length: size }
          if (how === 'a copy') await blobs.copyIn(fileId, range, content)
          else await blobs.copyInIfAbsent(fileId, range, content)
        }
      }

      it.each([
        ['a buffer', 10],
        ['a stream', 10],
        ['a stream', 9 * 1024 * 1024],
        ['a buffer, if absent', 10],
        ['a copy', 10],
        ['a copy, if absent', 10],
      ])('are stored when the blob is written by %s of %d bytes', async (how, size) => {
        const fileId = `with headers, ${how}, ${size}`
        await write(fileId, how, size)
        expect(await stored(fileId)).toEqual(properties)
      })

      it('can fill the 2 KB that S3 allows', async () => {
        const bytes = randomBytes(10)
        const full = { ...properties, user_metadata: { a: 'x'.repeat(2047) } }
        await blobs.put('full', bytes, { ...expectedOf(bytes), ...full })
        expect(await stored('full')).toEqual(full)
      })

      it('are rejected with an error that names the blob if S3 rejects them, and the blob stays', async () => {
        const bytes = randomBytes(10)
        await blobs.put('too full', bytes, { ...expectedOf(bytes), ...properties })
        const user_metadata = { a: 'x'.repeat(2048) }
        const written = blobs.put('too full', bytes, { ...expectedOf(bytes), headers: {}, user_metadata })
        await expect(written).rejects.toThrow(BlobHeadersRejectedError)
        await expect(written).rejects.toMatchObject({ id: 'too full' })
        expect(await stored('too full')).toEqual(properties)
      })

      it('are absent if the blob has none', async () => {
        await objects.put(bucket, 'blobs/bare', Buffer.from('bare'))
        expect(await stored('bare')).toMatchObject({ headers: {}, user_metadata: {} })
      })
    })

    it('stores small, large and empty streams', async () => {
      for (const size of [0, 10, 9 * 1024 * 1024]) {
        const bytes = randomBytes(size)
        await blobs.put(`stream-${size}`, Readable.from(size === 0 ? [] : [bytes]), expectedOf(bytes))
        expect(await blobs.sha256Of(`stream-${size}`)).toMatchObject(expectedOf(bytes))
      }
    })

    it('rejects bytes that do not match their size or SHA-256, and keeps the existing blob', async () => {
      const bytes = randomBytes(100)
      await blobs.put('kept', bytes, expectedOf(bytes))
      const other = randomBytes(100)
      await expect(blobs.put('kept', other, expectedOf(bytes))).rejects.toThrow(BlobMismatchError)
      await expect(blobs.put('kept', Readable.from([other, other]), expectedOf(other))).rejects.toThrow(
        BlobMismatchError,
      )
      const large = randomBytes(9 * 1024 * 1024)
      await expect(
        blobs.put('kept', Readable.from([large]), { size: large.length, sha256: sha256(other) }),
      ).rejects.toThrow(BlobMismatchError)
      expect(await blobs.sha256Of('kept')).toMatchObject(expectedOf(bytes))
    })

    it('returns the SHA-256 of the stored bytes, not that of the user metadata', async () => {
      const bytes = randomBytes(300)
      const { object } = { object: await blobs.put('damaged', bytes, expectedOf(bytes)) }
      const damaged = Buffer.from(bytes)
      damaged.writeUInt8(damaged.readUInt8(7) ^ 1, 7)
      await objects.put(object.bucket, object.key, damaged, { metadata: { sha256: sha256(bytes), size: '300' } })
      expect((await blobs.head('damaged'))?.sha256).toBe(sha256(bytes))
      expect((await blobs.sha256Of('damaged'))?.sha256).toBe(sha256(damaged))
      expect(await blobs.sha256Of('nothing')).toBeUndefined()
    })

    it('copies a range of another object', async () => {
      const archive = randomBytes(20 * 1024 * 1024)
      const object = await objects.put(servers.config.buckets.archives, 'archive', archive)
      const range = { object, start: 1000, length: 17 * 1024 * 1024 }
      const bytes = archive.subarray(range.start, range.start + range.length)
      await blobs.copyIn('copied', range, { sha256: sha256(bytes), content_type: 'image/tiff' })
      expect(await blobs.sha256Of('copied')).toMatchObject(expectedOf(bytes))
      expect(await blobs.head('copied')).toMatchObject({ content_type: 'image/tiff', sha256: sha256(bytes) })
      await payloads.copyIn(sha256(bytes), range)
      expect(await payloads.sha256Of(sha256(bytes))).toMatchObject(expectedOf(bytes))
    })

    it('returns the SHA-256 of the bytes of a copy, also if another one was stated', async () => {
      const bytes = randomBytes(6 * 1024 * 1024)
      const object = await objects.put(servers.config.buckets.archives, 'misdescribed', bytes)
      await blobs.copyIn('misdescribed', { object, start: 0, length: object.size }, { sha256: sha256(randomBytes(9)) })
      expect(await blobs.sha256Of('misdescribed')).toMatchObject(expectedOf(bytes))
    })

    it('copies an absent blob again if the completion of the copy conflicts with another write', async () => {
      const bytes = randomBytes(6 * 1024 * 1024)
      const object = await objects.put(bucket, 'conflict-source', bytes)
      const client = servers.newS3()
      let completions = 0
      injectFaults(client, (_n, command) =>
        command === 'CompleteMultipartUploadCommand' && ++completions <= 2 ? { kind: 'conflict' } : undefined,
      )
      const faulty = new BlobStore(new ObjectStore(client), bucket)
      const range = { object, start: 0, length: object.size }
      expect(await faulty.copyInIfAbsent('conflict', range, { sha256: sha256(bytes) })).toBe(true)
      expect(completions).toBe(3)
      expect(await blobs.sha256Of('conflict')).toMatchObject({ sha256: sha256(bytes) })
      expect(await faulty.copyInIfAbsent('conflict', range, { sha256: sha256(bytes) })).toBe(false)
    })

    it('returns a spilled payload only if it matches its SHA-256', async () => {
      const bytes = randomBytes(400_000)
      await payloads.put(sha256(bytes), bytes)
      expect(await payloads.get(sha256(bytes))).toEqual(bytes)
      await expect(payloads.get('0'.repeat(64))).rejects.toThrow(BlobsMissingError)
      await expect(payloads.put('0'.repeat(64), bytes)).rejects.toThrow(BlobMismatchError)
      await objects.put(bucket, `payloads/${sha256(bytes)}`, bytes.subarray(1))
      await expect(payloads.get(sha256(bytes))).rejects.toThrow(BlobMismatchError)
    })
  })
}
