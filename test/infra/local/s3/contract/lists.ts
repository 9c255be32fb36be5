import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { byBytes, rejection, type S3Session } from './session.ts'

const PORTABLE_KEYS = ['a-b', 'a/b', 'a/c/d', 'a/c/e', 'b', 'b&<>"', 'ö', '\u{ffee}', '\u{1f600}', '007', '1e5']
/** `a` beside `a/b`, and spaces at both ends: not every server that keeps objects as files can hold them. */
const UNUSUAL_KEYS = ['a', ' edge ']

/** Lists of objects and batch deletes. */
export const listContract = (s3: S3Session): void => {
  const keys = s3.has('any-key') ? [...PORTABLE_KEYS, ...UNUSUAL_KEYS] : PORTABLE_KEYS
  const Bucket = `${s3.bucket}-lists`

  beforeAll(async () => {
    await s3.createBucket(Bucket)
    for (const Key of keys) await s3.client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
  })
  afterAll(() => s3.removeBucket(Bucket))

  const list = async (
    input: { Bucket?: string; Prefix?: string; Delimiter?: string; StartAfter?: string },
    pageSize: number,
  ) => {
    const names: string[] = []
    const sizes: number[] = []
    for await (const page of paginateListObjectsV2({ client: s3.client, pageSize }, { Bucket, ...input })) {
      const found = page.Contents?.map(({ Key }) => Key ?? '') ?? []
      const prefixes = page.CommonPrefixes?.map(({ Prefix }) => Prefix ?? '') ?? []
      expect(page.KeyCount).toBe(found.length + prefixes.length)
      names.push(...[...found, ...prefixes].sort(byBytes))
      sizes.push(found.length + prefixes.length)
    }
    return { names, sizes }
  }

  describe('a list', () => {
    it('contains all keys in the order of their UTF-8 bytes, in pages of any size', async () => {
      for (let size = 1; size <= keys.length + 1; size++) {
        const { names, sizes } = await list({}, size)
        expect(names).toEqual(keys.toSorted(byBytes))
        expect(Math.max(...sizes)).toBeLessThanOrEqual(size)
      }
    })

    it('contains size and ETag', async () => {
      const { Contents } = await s3.client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/c/d' }))
      expect(Contents).toMatchObject([{ Key: 'a/c/d', Size: 5 }])
      expect(Contents?.[0]?.ETag).toMatch(/^"[0-9a-f]{32}"$/)
    })

    it.each([1, 2, 10])('can be limited by prefix, delimiter and start, in pages of %i', async (size) => {
      const top = keys.includes('a') ? ['a', 'a-b', 'a/'] : ['a-b', 'a/']
      expect((await list({ Prefix: 'a/' }, size)).names).toEqual(['a/b', 'a/c/d', 'a/c/e'])
      expect((await list({ Prefix: 'a', Delimiter: '/' }, size)).names).toEqual(top)
      expect((await list({ Prefix: 'a/', Delimiter: '/' }, size)).names).toEqual(['a/b', 'a/c/'])
      expect((await list({ Prefix: 'a', StartAfter: 'a/c/d' }, size)).names).toEqual(['a/c/e'])
      expect((await list({ Prefix: 'nothing' }, size)).names).toEqual([])
    })

    it('escapes names on request', async () => {
      const request = new ListObjectsV2Command({ Bucket, Prefix: 'b&', EncodingType: 'url' })
      expect((await s3.client.send(request)).Contents?.[0]?.Key).toBe('b%26%3C%3E%22')
    })

    it('continues after markers in its first version', async () => {
      const input = { Bucket, Prefix: 'a', Delimiter: '/' }
      const size = keys.includes('a') ? 2 : 1
      const first = await s3.client.send(new ListObjectsCommand({ ...input, MaxKeys: size }))
      expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'a-b' })
      const second = await s3.client.send(new ListObjectsCommand({ ...input, Marker: first.NextMarker }))
      expect(second).toMatchObject({ IsTruncated: false, CommonPrefixes: [{ Prefix: 'a/' }] })
    })

    it('rejects invalid page sizes and continuation tokens', async () => {
      const badCount = s3.client.send(new ListObjectsV2Command({ Bucket, MaxKeys: -1 }))
      expect(await rejection(badCount)).toEqual({ name: 'InvalidArgument', status: 400 })
      const badToken = s3.client.send(new ListObjectsV2Command({ Bucket, ContinuationToken: '!' }))
      expect(await rejection(badToken)).toEqual({ name: 'InvalidArgument', status: 400 })
      expect((await s3.client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }))).KeyCount).toBe(0)
    })

    it('agrees with a simple model for any keys, prefix and page size', async () => {
      const delimiter = s3.has('any-key') ? '/' : '-'
      const characters = s3.has('any-key') ? ['a', 'b', '/', '-', 'ö'] : ['a', 'b', '-', 'ö']
      const name = fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 5 })
      const Bucket = `${s3.bucket}-model`
      await s3.createBucket(Bucket)
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(name, { maxLength: 12 }),
          name,
          fc.integer({ min: 1, max: 4 }),
          async (all, start, size) => {
            for (const Key of all) await s3.client.send(new PutObjectCommand({ Bucket, Key, Body: '.' }))
            const prefix = start.slice(0, 1)
            const under = all.filter((key) => key.startsWith(prefix))
            const grouped = under.map((key) => key.slice(0, key.indexOf(delimiter, 1) + 1 || undefined))
            const { names } = await list({ Bucket, Prefix: prefix, Delimiter: delimiter }, size)
            const Objects = all.map((Key) => ({ Key }))
            if (all.length > 0) await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
            expect(names).toEqual([...new Set(grouped)].sort(byBytes))
          },
        ),
        { numRuns: 40 },
      )
      await s3.removeBucket(Bucket)
    })
  })

  describe('a batch delete', () => {
    it('removes exactly the keys that it contains, as they are written', async () => {
      const listed = ['1e5', '007', 'b&<>"', '\u{1f600}', 'never there', ...(keys.includes('a') ? [' edge '] : [])]
      await s3.client.send(new PutObjectCommand({ Bucket, Key: '100000', Body: '.' }))
      const Objects = listed.map((Key) => ({ Key }))
      const { Deleted } = await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
      expect(Deleted?.map(({ Key }) => Key)).toEqual(listed)
      const left = ['100000', ...keys.filter((key) => !listed.includes(key))]
      expect((await list({}, 100)).names).toEqual(left.sort(byBytes))
    })

    it('removes a thousand keys in one call, and rejects more', async () => {
      const numbers = Array.from({ length: 1000 }, (_, number) => number)
      await Promise.all(
        numbers.map((number) => s3.client.send(new PutObjectCommand({ Bucket, Key: `many/${number}`, Body: '.' }))),
      )
      expect((await list({ Prefix: 'many/' }, 333)).names).toHaveLength(1000)
      const Objects = numbers.map((number) => ({ Key: `many/${number}` }))
      const answer = await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))
      expect(answer.Deleted).toBeUndefined()
      expect((await list({ Prefix: 'many/' }, 333)).names).toEqual([])
      const more = { Objects: [...Objects, { Key: 'x' }] }
      expect(await rejection(s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: more })))).toEqual({
        name: 'MalformedXML',
        status: 400,
      })
    })
  })

  describe('a bucket', () => {
    it('is created, found, listed, and deleted when it is empty', async () => {
      const bucket = { Bucket: `${s3.bucket}-short` }
      expect(await rejection(s3.client.send(new HeadBucketCommand(bucket)))).toMatchObject({ status: 404 })
      await s3.client.send(new CreateBucketCommand(bucket))
      await s3.client.send(new HeadBucketCommand(bucket))
      const { Buckets } = await s3.client.send(new ListBucketsCommand())
      expect(Buckets?.map(({ Name }) => Name)).toContain(bucket.Bucket)
      await s3.client.send(new PutObjectCommand({ ...bucket, Key: 'x', Body: '.' }))
      const full = s3.client.send(new DeleteBucketCommand(bucket))
      expect(await rejection(full)).toEqual({ name: 'BucketNotEmpty', status: 409 })
      await s3.client.send(new DeleteObjectsCommand({ ...bucket, Delete: { Objects: [{ Key: 'x' }] } }))
      await s3.client.send(new DeleteBucketCommand(bucket))
      expect(await rejection(s3.client.send(new ListObjectsV2Command(bucket)))).toEqual({
        name: 'NoSuchBucket',
        status: 404,
      })
    })

    it('must have a valid name', async () => {
      for (const Bucket of ['ab', 'Upper-Case', 'under_score']) {
        const create = s3.client.send(new CreateBucketCommand({ Bucket }))
        expect(await rejection(create)).toEqual({ name: 'InvalidBucketName', status: 400 })
      }
    })

    it('that exists is not created again', async () => {
      const again = s3.client.send(new CreateBucketCommand({ Bucket }))
      expect(await rejection(again)).toEqual({ name: 'BucketAlreadyOwnedByYou', status: 409 })
    })

    it('has a location', async () => {
      const { LocationConstraint } = await s3.client.send(new GetBucketLocationCommand({ Bucket }))
      expect(LocationConstraint ?? 'us-east-1').toBe(s3.target.region)
    })
  })
}
