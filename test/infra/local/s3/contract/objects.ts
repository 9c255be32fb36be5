import { createHash } from 'node:crypto'
import { CopyObjectCommand, DeleteObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { rejection, type S3Session } from './session.ts'

const PORTABLE_KEYS = ['empty', 'a/b', `${'long/'.repeat(40)}x`, 'ünï %2F ☃']
const UNUSUAL_KEYS = ['a', 'a/b/', 'a//b', '.', '..', '../up', `${'long/'.repeat(200)}x`]

/** PutObject, GetObject, HeadObject, DeleteObject, CopyObject and ranges. */
export const objectContract = (s3: S3Session): void => {
  describe('an object', () => {
    it('is returned with its bytes, metadata, type, length and ETag', async () => {
      const Metadata = { job: 'job-1', owner: 'someone' }
      await s3.put('plain', 'hello', { Metadata, ContentType: 'application/json', ContentEncoding: 'identity' })
      const found = await s3.head('plain')
      expect(found).toMatchObject({
        Metadata,
        ContentType: 'application/json',
        ContentLength: 5,
        ContentEncoding: 'identity',
      })
      expect(found.ETag).toBe(`"${createHash('md5').update('hello').digest('hex')}"`)
      expect(await s3.text('plain')).toBe('hello')
    })

    it('is returned with all its headers, also after it was copied', async () => {
      const headers = {
        ContentType: 'text/css',
        CacheControl: 'max-age=60, must-revalidate',
        ContentDisposition: `attachment; filename="a b.css"; filename*=UTF-8''%C3%B1`,
        ContentEncoding: 'gzip, br',
        ContentLanguage: 'de, en',
      }
      await s3.put('with headers', 'x', { ...headers, Expires: new Date('2030-01-02T03:04:05Z') })
      const CopySource = `${s3.bucket}/with%20headers`
      await s3.client.send(new CopyObjectCommand({ Bucket: s3.bucket, Key: 'copied headers', CopySource }))
      for (const key of ['with headers', 'copied headers']) {
        const found = await s3.head(key)
        expect(found).toMatchObject({ ...headers, ExpiresString: 'Wed, 02 Jan 2030 03:04:05 GMT' })
        const read = await s3.get(key)
        expect(read).toMatchObject({ ...headers, ExpiresString: 'Wed, 02 Jan 2030 03:04:05 GMT' })
        await read.Body?.transformToString()
      }
      await s3.put('with headers', 'x')
      const plain = await s3.head('with headers')
      for (const name of ['CacheControl', 'ContentDisposition', 'ContentEncoding', 'ContentLanguage', 'ExpiresString'])
        expect(plain, name).not.toHaveProperty(name, expect.anything())
    })

    it('has at most 2 KB of user metadata', async () => {
      const Metadata = { a: 'x'.repeat(1000), bc: 'x'.repeat(1045) }
      await s3.put('much metadata', 'x', { Metadata })
      expect((await s3.head('much metadata')).Metadata).toEqual(Metadata)
      const more = s3.put('much metadata', 'x', { Metadata: { ...Metadata, d: '' } })
      expect(await rejection(more)).toMatchObject({ name: 'MetadataTooLarge', status: 400 })
    })

    it('has user metadata outside ASCII in the encoding of RFC 2047', async () => {
      const Metadata = { word: '=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?=' }
      await s3.put('encoded metadata', 'x', { Metadata })
      expect((await s3.head('encoded metadata')).Metadata).toEqual(Metadata)
    })

    it.each(PORTABLE_KEYS)('can have the key %s', async (key) => {
      await s3.put(key, key === 'empty' ? '' : key)
      expect(await s3.text(key)).toBe(key === 'empty' ? '' : key)
    })

    it.runIf(s3.has('any-key')).each(UNUSUAL_KEYS)('can have the unusual key %s', async (key) => {
      await s3.put(key, key)
      expect(await s3.text(key)).toBe(key)
    })

    it('cannot have a key of more than 1,024 bytes', async () => {
      expect(await rejection(s3.put('k'.repeat(1025), 'x'))).toMatchObject({ status: 400 })
    })

    it('that does not exist is 404, also in a bucket that does not exist', async () => {
      expect(await rejection(s3.get('nothing'))).toEqual({ name: 'NoSuchKey', status: 404 })
      expect(await rejection(s3.head('nothing'))).toEqual({ name: 'NotFound', status: 404 })
      const other = s3.client.send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'x' }))
      expect(await rejection(other)).toEqual({ name: 'NoSuchBucket', status: 404 })
    })

    it('is read in one state while it is replaced and deleted', async () => {
      const states = Array.from({ length: 4 }, (_, state) => Buffer.alloc(3_000_000 + state, `${state}`))
      await s3.put('changing', states[0] ?? '')
      const stopped = new AbortController()
      const write = async (): Promise<void> => {
        for (let round = 1; round < 30; round++) {
          if (round % 7 === 0) await s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: 'changing' }))
          await s3.put('changing', states[round % 4] ?? '')
        }
        stopped.abort()
      }
      const writer = write()
      let reads = 0
      while (!stopped.signal.aborted) {
        const found = await s3.get('changing').catch(() => undefined)
        const bytes = await found?.Body?.transformToByteArray()
        if (found === undefined || bytes === undefined) continue
        const state = states[Number(String.fromCharCode(bytes[0] ?? 0))]
        expect(state?.equals(bytes)).toBe(true)
        expect(found.ETag).toBe(`"${createHash('md5').update(bytes).digest('hex')}"`)
        reads++
      }
      await writer
      expect(reads).toBeGreaterThan(5)
    })
  })

  describe('a copy', () => {
    it('has the bytes and metadata of its source, and outlives it', async () => {
      await s3.put('from me (1)+ü', 'content', { Metadata: { kept: 'yes' }, ContentType: 'text/css' })
      const CopySource = `${s3.bucket}/${encodeURIComponent('from me (1)+ü')}`
      await s3.client.send(new CopyObjectCommand({ Bucket: s3.bucket, Key: 'to', CopySource }))
      await s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: 'from me (1)+ü' }))
      expect(await s3.head('to')).toMatchObject({
        Metadata: { kept: 'yes' },
        ContentType: 'text/css',
        ContentLength: 7,
      })
      expect(await s3.text('to')).toBe('content')
    })

    it('gets new metadata only with the directive REPLACE, which a copy onto itself requires', async () => {
      await s3.put('self', 'content', { Metadata: { a: '1' } })
      const itself = { Bucket: s3.bucket, Key: 'self', CopySource: `${s3.bucket}/self` }
      expect(await rejection(s3.client.send(new CopyObjectCommand(itself)))).toMatchObject({ name: 'InvalidRequest' })
      await s3.client.send(new CopyObjectCommand({ ...itself, MetadataDirective: 'REPLACE', Metadata: { b: '2' } }))
      expect((await s3.head('self')).Metadata).toEqual({ b: '2' })
      expect(await s3.text('self')).toBe('content')
    })

    it('of an object that does not exist is 404', async () => {
      const copy = (CopySource: string) =>
        rejection(s3.client.send(new CopyObjectCommand({ Bucket: s3.bucket, Key: 'copy', CopySource })))
      expect(await copy(`${s3.bucket}/not-there`)).toEqual({ name: 'NoSuchKey', status: 404 })
      expect(await copy('no-such-bucket/key')).toEqual({ name: 'NoSuchBucket', status: 404 })
    })
  })

  describe('a range', () => {
    it.each([
      ['bytes=0-0', '0', 'bytes 0-0/10'],
      ['bytes=3-5', '345', 'bytes 3-5/10'],
      ['bytes=7-', '789', 'bytes 7-9/10'],
      ['bytes=7-100', '789', 'bytes 7-9/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=-100', '0123456789', 'bytes 0-9/10'],
    ])('of %s returns %s', async (Range, expected, contentRange) => {
      await s3.put('digits', '0123456789')
      const found = await s3.get('digits', { Range })
      expect(await found.Body?.transformToString()).toBe(expected)
      expect(found).toMatchObject({ ContentRange: contentRange, ContentLength: expected.length })
      expect(found.$metadata.httpStatusCode).toBe(206)
      expect((await s3.head('digits', { Range })).ContentLength).toBe(expected.length)
    })

    it('that contains no byte of the object is 416', async () => {
      await s3.put('digits', '0123456789')
      await s3.put('no-bytes', '')
      for (const Range of ['bytes=10-', 'bytes=10-12', 'bytes=-0']) {
        expect(await rejection(s3.get('digits', { Range }))).toEqual({ name: 'InvalidRange', status: 416 })
      }
      expect(await rejection(s3.get('no-bytes', { Range: 'bytes=0-0' }))).toMatchObject({ status: 416 })
    })
  })
}
