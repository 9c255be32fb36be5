import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucket as Bucket, refusal, runS3 } from './running-s3.ts'

let s3: Awaited<ReturnType<typeof runS3>>
beforeAll(async () => {
  s3 = await runS3()
})
afterAll(() => s3.end())

async function pages(
  input: { Bucket: string; Prefix?: string; Delimiter?: string; StartAfter?: string },
  size: number,
) {
  const names: string[] = []
  const sizes: number[] = []
  for await (const page of paginateListObjectsV2({ client: s3.client, pageSize: size }, input)) {
    const keys = page.Contents?.map(({ Key }) => Key ?? '') ?? []
    const prefixes = page.CommonPrefixes?.map(({ Prefix }) => Prefix ?? '') ?? []
    expect(page.KeyCount).toBe(keys.length + prefixes.length)
    names.push(...[...keys, ...prefixes].sort(byBytes))
    sizes.push(keys.length + prefixes.length)
  }
  return { names, sizes }
}

describe('a list', () => {
  const keys = ['a', 'a-b', 'a/b', 'a/c/d', 'a/c/e', 'b', 'b&<>"', 'ö', '\u{ffee}', '\u{1f600}', '007', ' edge ', '1e5']

  beforeAll(async () => {
    for (const Key of keys) await s3.client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
  })

  it('has all keys in the order of their UTF-8 bytes, by pages of any size', async () => {
    for (let size = 1; size <= keys.length + 1; size++) {
      const { names, sizes } = await pages({ Bucket }, size)
      expect(names).toEqual(keys.toSorted(byBytes))
      expect(Math.max(...sizes)).toBeLessThanOrEqual(size)
    }
  })

  it('has what was put, its size and ETag', async () => {
    const list = await s3.client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/c/d' }))
    expect(list.Contents).toMatchObject([{ Key: 'a/c/d', Size: 5 }])
    expect(list.Contents?.[0]?.ETag).toMatch(/^"[0-9a-f]{32}"$/)
  })

  it('takes prefix, delimiter and start', async () => {
    for (const size of [1, 2, 10]) {
      expect((await pages({ Bucket, Prefix: 'a/' }, size)).names).toEqual(['a/b', 'a/c/d', 'a/c/e'])
      expect((await pages({ Bucket, Prefix: 'a', Delimiter: '/' }, size)).names).toEqual(['a', 'a-b', 'a/'])
      expect((await pages({ Bucket, Prefix: 'a/', Delimiter: '/' }, size)).names).toEqual(['a/b', 'a/c/'])
      expect((await pages({ Bucket, Prefix: 'a', StartAfter: 'a/c/d' }, size)).names).toEqual(['a/c/e'])
    }
    expect((await pages({ Bucket, Prefix: 'nothing' }, 10)).names).toEqual([])
  })

  it('is escaped where that is asked for', async () => {
    const asked = { Bucket, Prefix: 'b&', EncodingType: 'url' as const }
    expect((await s3.client.send(new ListObjectsV2Command(asked))).Contents?.[0]?.Key).toBe('b%26%3C%3E%22')
  })

  it('goes by markers in its first version', async () => {
    const first = await s3.client.send(new ListObjectsCommand({ Bucket, Prefix: 'a', Delimiter: '/', MaxKeys: 2 }))
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'a-b' })
    const Marker = first.NextMarker
    const second = await s3.client.send(new ListObjectsCommand({ Bucket, Prefix: 'a', Delimiter: '/', Marker }))
    expect(second).toMatchObject({ IsTruncated: false, CommonPrefixes: [{ Prefix: 'a/' }] })
  })

  it('refuses counts and tokens that are none', async () => {
    const badCount = s3.client.send(new ListObjectsV2Command({ Bucket, MaxKeys: -1 }))
    expect(await refusal(badCount)).toEqual({ name: 'InvalidArgument', status: 400 })
    const badToken = s3.client.send(new ListObjectsV2Command({ Bucket, ContinuationToken: '!' }))
    expect(await refusal(badToken)).toEqual({ name: 'InvalidArgument', status: 400 })
    expect((await s3.client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }))).KeyCount).toBe(0)
  })

  it('agrees with a plain model for any keys, prefix, delimiter and page', async () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-', 'ö'), minLength: 1, maxLength: 5 })
    await s3.client.send(new CreateBucketCommand({ Bucket: 'model' }))
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { maxLength: 12 }),
        name,
        fc.integer({ min: 1, max: 4 }),
        async (all, prefix, size) => {
          for (const Key of all) await s3.client.send(new PutObjectCommand({ Bucket: 'model', Key, Body: '.' }))
          const under = all.filter((key) => key.startsWith(prefix.slice(0, 1)))
          const grouped = under.map((key) => key.slice(0, key.indexOf('/', 1) + 1 || undefined))
          const { names } = await pages({ Bucket: 'model', Prefix: prefix.slice(0, 1), Delimiter: '/' }, size)
          const Objects = all.map((Key) => ({ Key }))
          if (all.length > 0) await s3.client.send(new DeleteObjectsCommand({ Bucket: 'model', Delete: { Objects } }))
          expect(names).toEqual([...new Set(grouped)].sort(byBytes))
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('a batch delete', () => {
  it('removes the keys as they are written, and those only', async () => {
    const gone = ['1e5', '007', 'b&<>"', ' edge ', '\u{1f600}', 'never there']
    await s3.client.send(new PutObjectCommand({ Bucket, Key: '100000', Body: '.' }))
    const answer = await s3.client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: gone.map((Key) => ({ Key })) } }),
    )
    expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(gone)
    expect((await pages({ Bucket }, 100)).names).toEqual([
      '100000',
      'a',
      'a-b',
      'a/b',
      'a/c/d',
      'a/c/e',
      'b',
      'ö',
      '\u{ffee}',
    ])
  })

  it('of a thousand keys is one call', async () => {
    await Promise.all(
      Array.from({ length: 1000 }, (_, at) =>
        s3.client.send(new PutObjectCommand({ Bucket, Key: `many/${at}`, Body: '.' })),
      ),
    )
    expect((await pages({ Bucket, Prefix: 'many/' }, 333)).names).toHaveLength(1000)
    const Objects = Array.from({ length: 1000 }, (_, at) => ({ Key: `many/${at}`, Body: '.' }))
    const answer = await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))
    expect(answer.Deleted).toBeUndefined()
    expect((await pages({ Bucket, Prefix: 'many/' }, 333)).names).toEqual([])
    const more = s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [...Objects, { Key: 'x' }] } }))
    expect(await refusal(more)).toEqual({ name: 'MalformedXML', status: 400 })
  })
})

describe('a bucket', () => {
  it('is made, found, and deleted when it is empty', async () => {
    const bucket = { Bucket: 'short-lived' }
    expect(await refusal(s3.client.send(new HeadBucketCommand(bucket)))).toMatchObject({ status: 404 })
    await s3.client.send(new CreateBucketCommand(bucket))
    await s3.client.send(new HeadBucketCommand(bucket))
    await s3.client.send(new PutObjectCommand({ ...bucket, Key: 'x', Body: '.' }))
    const full = s3.client.send(new DeleteBucketCommand(bucket))
    expect(await refusal(full)).toEqual({ name: 'BucketNotEmpty', status: 409 })
    await s3.client.send(new DeleteObjectsCommand({ ...bucket, Delete: { Objects: [{ Key: 'x' }] } }))
    await s3.client.send(new DeleteBucketCommand(bucket))
    expect(await refusal(s3.client.send(new ListObjectsV2Command(bucket)))).toEqual({
      name: 'NoSuchBucket',
      status: 404,
    })
  })
})

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
