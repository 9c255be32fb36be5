import { HeadObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import pMap from 'p-map'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ObjectExistsError, ObjectChangedError } from '../../shared/objects/errors.ts'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { SignedUrls } from '../../shared/objects/aws/signed-urls.ts'
import { type FaultPlan, injectFaults } from '../faults/fault-middleware.ts'
import type { TestServers } from '../services.ts'

const MIB = 1024 * 1024

/** Returns a plan by which the first `count` calls of a command conflict with another write. */
const conflictsOf = (command: string, count: number): FaultPlan => {
  let calls = 0
  return (_n, called) => (called === command && ++calls <= count ? { kind: 'conflict' } : undefined)
}

/** Returns the keys of the multipart uploads of a bucket that are neither completed nor aborted. */
const openUploads = async ({ s3 }: TestServers, bucket: string): Promise<(string | undefined)[]> => {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: 'conflict/' }))
  return Uploads.map(({ Key }) => Key)
}

/** The behaviour that an object store must have on every server. */
export const objectStoreContract = (start: () => Promise<TestServers>): void => {
  describe('an object store', () => {
    let servers: TestServers
    let store: ObjectStore
    let bucket: string
    const faultyStore = (plan: FaultPlan): ObjectStore => {
      const client = servers.newS3()
      injectFaults(client, plan)
      return new ObjectStore(client)
    }

    beforeAll(async () => {
      servers = await start()
      store = new ObjectStore(servers.s3)
      bucket = servers.config.buckets.work
    })
    afterAll(async () => {
      await servers.stop()
    })

    it('returns an object with its bytes, content type and metadata', async () => {
      const body = randomBytes(1000)
      const put = await store.put(bucket, 'a/plain', body, { contentType: 'text/x', metadata: { sha256: 'abc' } })
      const head = await store.head(bucket, 'a/plain')
      expect(head).toMatchObject({ ...put, size: 1000, content_type: 'text/x', sha256: 'abc' })
      expect(await store.getBytes(bucket, 'a/plain')).toEqual(body)
      expect(await store.readBytes(put, 10, 20)).toEqual(body.subarray(10, 30))
      expect(await store.readBytes(put, 0, 1)).toEqual(body.subarray(0, 1))
      expect(await store.readBytes(put, 5, 0)).toEqual(Buffer.alloc(0))
    })

    it('returns undefined for a key without an object', async () => {
      expect(await store.head(bucket, 'none')).toBeUndefined()
      expect(await store.getBytes(bucket, 'none')).toBeUndefined()
      expect(await store.open(bucket, 'none')).toBeUndefined()
    })

    it('writes a key only once if it must be absent, also for eight writes at the same time', async () => {
      const puts = await Promise.all(
        Array.from({ length: 8 }, (_, k) => store.putJson(bucket, 'once', { k }, { ifAbsent: true })),
      )
      expect(puts.filter((put) => put === 'exists')).toHaveLength(7)
    })

    it('does not read an object that was replaced or deleted', async () => {
      const old = await store.put(bucket, 'changing', Buffer.from('old bytes'))
      await store.put(bucket, 'changing', Buffer.from('new bytes'))
      if (old.version_id === undefined) await expect(store.readBytes(old, 0, 3)).rejects.toThrow(ObjectChangedError)
      else expect((await store.readBytes(old, 0, 3)).toString()).toBe('old')
      await expect(store.readBytes({ ...old, key: 'gone', etag: 'f'.repeat(32) }, 0, 3)).rejects.toThrow(
        ObjectChangedError,
      )
    })

    it('reads a body again if it breaks off', async () => {
      const body = randomBytes(100_000)
      const put = await store.put(bucket, 'cut', body)
      const faulty = faultyStore((n) => (n < 3 ? { kind: 'cut', bytes: 5000 } : undefined))
      expect(await faulty.readBytes(put, 0, body.length)).toEqual(body)
    })

    it('uploads a stream of unknown length, and writes no object if the stream fails', async () => {
      const body = randomBytes(9 * MIB)
      const put = await store.upload(bucket, 'streamed', Readable.from([body.subarray(0, MIB), body.subarray(MIB)]))
      expect(put.size).toBe(body.length)
      expect(await store.getBytes(bucket, 'streamed')).toEqual(body)
      const failing = Readable.from(
        (function* () {
          yield body
          throw new Error('the source failed')
        })(),
      )
      await expect(store.upload(bucket, 'failed', failing)).rejects.toThrow('the source failed')
      expect(await store.head(bucket, 'failed')).toBeUndefined()
    })

    it.each([1000, 9 * MIB])(
      'uploads a stream of %d bytes with a checksum, as a locked bucket requires',
      async (size) => {
        const body = randomBytes(size)
        await store.upload(bucket, 'checked', Readable.from([body]), { checksum: true })
        expect(await store.getBytes(bucket, 'checked')).toEqual(body)
        const command = new HeadObjectCommand({ Bucket: bucket, Key: 'checked', ChecksumMode: 'ENABLED' })
        const { ChecksumCRC32 } = await servers.s3.send(command)
        expect(ChecksumCRC32).toEqual(expect.any(String))
      },
    )

    it('composes an object of uploaded and copied parts in two instances, and can complete it twice', async () => {
      const source = randomBytes(12 * MIB)
      const object = await store.put(bucket, 'parts/source', source)
      const bytes = randomBytes(5 * MIB)
      const upload = await store.multipart(bucket, 'parts/made', { metadata: { sha256: 'x' } })
      const resumed = store.resumeMultipart(bucket, 'parts/made', upload.uploadId)
      const parts = [
        await resumed.uploadPart(1, bytes),
        await upload.copyPart(2, { object, start: 3, length: 11 * MIB }),
        await upload.uploadPart(3, Buffer.from('end')),
      ]
      const made = await upload.complete({ ifAbsent: true, parts })
      const expected = Buffer.concat([bytes, source.subarray(3, 3 + 11 * MIB), Buffer.from('end')])
      expect(await store.readBytes(made, 0, made.size)).toEqual(expected)
      expect((await store.head(bucket, 'parts/made'))?.sha256).toBe('x')
      expect(await upload.complete({ parts })).toEqual(made)
      await upload.abort()
      expect((await store.head(bucket, 'parts/made'))?.size).toBe(expected.length)
    })

    it('lists all parts of an upload, also if they are more than S3 returns at once', async () => {
      const upload = await store.multipart(bucket, 'parts/listed')
      const numbers = Array.from({ length: 1_001 }, (_, index) => index + 1)
      const parts = await pMap(numbers, (number) => upload.uploadPart(number, Buffer.from('x')), { concurrency: 8 })
      expect(await store.resumeMultipart(bucket, 'parts/listed', upload.uploadId).listParts()).toEqual(parts)
      await upload.abort()
      await expect(upload.listParts()).rejects.toMatchObject({ name: 'NoSuchUpload' })
    })

    it('does not replace an existing object by an upload if it must be absent', async () => {
      await store.put(bucket, 'taken', Buffer.from('here'))
      const upload = await store.multipart(bucket, 'taken')
      await upload.uploadPart(1, Buffer.from('other'))
      await expect(upload.complete({ ifAbsent: true })).rejects.toThrow(ObjectExistsError)
      await upload.abort()
      expect((await store.getBytes(bucket, 'taken'))?.toString()).toBe('here')
    })

    it.each([
      ['PutObjectCommand', {}],
      ['CompleteMultipartUploadCommand', { headers: { content_disposition: 'inline; filename="é"' } }],
    ])('repeats a conditional write that conflicts with another write: %s', async (command, options) => {
      const key = `conflict/${command}`
      const faulty = faultyStore(conflictsOf(command, 3))
      const body = randomBytes(1000)
      const put = await faulty.put(bucket, key, body, { ...options, ifAbsent: true })
      expect(put).toMatchObject({ size: 1000 })
      expect(await store.getBytes(bucket, key)).toEqual(body)
      expect(await faulty.put(bucket, key, randomBytes(9), { ...options, ifAbsent: true })).toBe('exists')
    })

    it('uploads all parts again, in a new upload, if the completion conflicts with another write', async () => {
      const faulty = faultyStore(conflictsOf('CompleteMultipartUploadCommand', 2))
      const uploads: string[] = []
      const body = randomBytes(1000)
      await faulty.putInParts(bucket, 'conflict/parts', { ifAbsent: true }, (upload) => {
        uploads.push(upload.uploadId)
        return upload.uploadPart(1, body)
      })
      expect(new Set(uploads).size).toBe(3)
      expect(await store.getBytes(bucket, 'conflict/parts')).toEqual(body)
      expect(await openUploads(servers, bucket)).toEqual([])
    })

    it('throws the conflict if it does not end, and leaves no upload open', async () => {
      const faulty = faultyStore(conflictsOf('CompleteMultipartUploadCommand', Infinity))
      const body = randomBytes(1000)
      const write = faulty.putInParts(bucket, 'conflict/endless', { ifAbsent: true }, (upload) =>
        upload.uploadPart(1, body),
      )
      await expect(write).rejects.toThrow('injected')
      expect(await store.head(bucket, 'conflict/endless')).toBeUndefined()
      expect(await openUploads(servers, bucket)).toEqual([])
    }, 30_000)

    it('does not copy from an object that was replaced', async () => {
      const old = await store.put(bucket, 'copied', randomBytes(6 * MIB))
      await store.put(bucket, 'copied', randomBytes(6 * MIB))
      const upload = await store.multipart(bucket, 'copy')
      if (old.version_id === undefined) {
        await expect(upload.copyPart(1, { object: old, start: 0, length: old.size })).rejects.toThrow(
          ObjectChangedError,
        )
      }
      await upload.abort()
    })

    it('reads and copies a pinned version after its object was replaced and deleted', async ({ skip }) => {
      const { archives } = servers.config.buckets
      const body = randomBytes(6 * MIB)
      const old = await store.put(archives, 'versions/pinned', body)
      skip(old.version_id === undefined, 'the server has no versions')
      await store.put(archives, 'versions/pinned', Buffer.from('new'))
      await store.delete(archives, ['versions/pinned'])
      expect((await store.readBytes(old, 0, old.size)).equals(body)).toBe(true)
      const upload = await store.multipart(archives, 'versions/copy')
      const part = await upload.copyPart(1, { object: old, start: 0, length: old.size })
      const copy = await upload.complete({ parts: [part] })
      expect((await store.readBytes(copy, 0, copy.size)).equals(body)).toBe(true)
    })

    it('lists the objects with a prefix, and deletes them', async () => {
      const keys = Array.from({ length: 30 }, (_, k) => `list/${k.toString().padStart(3, '0')}`)
      await Promise.all(keys.map((key) => store.put(bucket, key, Buffer.from(key))))
      const listed = await Array.fromAsync(store.list(bucket, 'list/'))
      expect(listed.map(({ key }) => key)).toEqual(keys)
      const [first] = listed
      expect(first).toEqual({ ...(await store.put(bucket, 'list/000', Buffer.from('list/000'))) })
      await store.delete(bucket, [...keys, 'list/never'])
      expect(await Array.fromAsync(store.list(bucket, 'list/'))).toEqual([])
    })

    describe('an object whose Content-Disposition has characters outside ASCII', () => {
      const headers = { content_disposition: 'attachment; filename="ñ.txt"' }

      it('is written with this header, also if it must be absent', async () => {
        expect(await store.put(bucket, 'latin1', Buffer.from('one'), { headers })).toMatchObject({ size: 3 })
        expect((await store.head(bucket, 'latin1'))?.headers).toEqual(headers)
        expect(await store.put(bucket, 'latin1', Buffer.from('two'), { headers, ifAbsent: true })).toBe('exists')
        expect((await store.getBytes(bucket, 'latin1'))?.toString()).toBe('one')
      })

      it('is written only over the object with the given ETag', async () => {
        const write = (text: string, ifMatch: string) =>
          store.put(bucket, 'latin1 match', Buffer.from(text), { headers, ifMatch })
        expect(await write('none', 'f'.repeat(32))).toBe('exists')
        expect(await store.head(bucket, 'latin1 match')).toBeUndefined()
        const { etag } = await store.put(bucket, 'latin1 match', Buffer.from('one'), { headers })
        expect(await write('two', etag)).toMatchObject({ size: 3 })
        expect(await write('three', etag)).toBe('exists')
        expect((await store.getBytes(bucket, 'latin1 match'))?.toString()).toBe('two')
      })

      it('is not written if a request fails', async () => {
        const faulty = faultyStore((_n, command) =>
          command === 'UploadPartCommand' ? { kind: 'fail-before' } : undefined,
        )
        await expect(faulty.put(bucket, 'latin1 broken', Buffer.from('x'), { headers })).rejects.toThrow('injected')
        expect(await store.head(bucket, 'latin1 broken')).toBeUndefined()
      })
    })

    describe('a signed URL', () => {
      const urls = (): SignedUrls => new SignedUrls(() => Promise.resolve({ client: servers.s3 }))

      it('downloads an object with a file name', async () => {
        const object = await store.put(bucket, 'signed', Buffer.from('content'))
        const { url } = await urls().download(object, 'my “dump”.acbak')
        const answer = await fetch(url)
        expect([answer.status, await answer.text()]).toEqual([200, 'content'])
        expect(answer.headers.get('content-disposition')).toContain('attachment; filename=')
      })

      it('accepts one upload with its headers', async () => {
        const { url, headers } = await urls().upload(bucket, 'slot')
        const put = (with_: Readonly<Record<string, string>>): Promise<number> =>
          fetch(url, { method: 'PUT', headers: with_, body: 'archive' }).then(({ status }) => status)
        expect(await put({})).toBe(403)
        expect(await put(headers)).toBe(200)
        expect(await put(headers)).toBe(412)
      })
    })
  })
}
