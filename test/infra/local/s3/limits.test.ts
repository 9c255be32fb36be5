import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bucket as Bucket, rejection, runS3 } from './running-s3.ts'

let s3: Awaited<ReturnType<typeof runS3>>
beforeAll(async () => {
  s3 = await runS3()
})
afterAll(() => s3.end())

const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  s3.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...more }))

describe('the local S3 service', () => {
  it('contains only the buckets that it was asked to create', async () => {
    const { Buckets } = await s3.client.send(new ListBucketsCommand())
    expect(Buckets?.map(({ Name }) => Name)).toEqual([Bucket])
  })

  it('locks versions in buckets with versioning, for reads to show and deletions to respect', async () => {
    const until = new Date(Date.now() + 3_600_000)
    const lock = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until } as const
    expect(await rejection(put('locked', lock))).toMatchObject({ name: 'InvalidRequest', status: 400 })
    const Versioned = `${Bucket}-locks`
    await s3.client.send(new CreateBucketCommand({ Bucket: Versioned }))
    await s3.client.send(
      new PutBucketVersioningCommand({ Bucket: Versioned, VersioningConfiguration: { Status: 'Enabled' } }),
    )
    const locked = (more: Partial<PutObjectCommandInput>) => put('locked', { Bucket: Versioned, ...lock, ...more })
    expect(await rejection(locked({ ObjectLockLegalHoldStatus: 'ON' }))).toMatchObject({ status: 501 })
    expect(await rejection(locked({ ObjectLockRetainUntilDate: new Date(0) }))).toMatchObject({ status: 400 })
    const { VersionId } = await locked({})
    const source = { Bucket: Versioned, Key: 'locked' }
    const head = await s3.client.send(new HeadObjectCommand(source))
    expect(head).toMatchObject(lock)
    const removal = s3.client.send(
      new DeleteObjectCommand({ ...source, ...(VersionId !== undefined && { VersionId }) }),
    )
    expect(await rejection(removal)).toEqual({ name: 'AccessDenied', status: 403 })
    const copy = { Bucket: Versioned, Key: 'copy', CopySource: `${Versioned}/locked` }
    await s3.client.send(new CopyObjectCommand(copy))
    const unlocked = await s3.client.send(new HeadObjectCommand({ Bucket: Versioned, Key: 'copy' }))
    expect(unlocked.ObjectLockMode).toBeUndefined()
    await s3.client.send(new DeleteObjectCommand(source))
    expect(await rejection(s3.client.send(new HeadObjectCommand(source)))).toMatchObject({ status: 404 })
  })

  it('rejects tags and object locks instead of ignoring them', async () => {
    expect(await rejection(put('tagged', { Tagging: 'a=b' }))).toMatchObject({ status: 501 })
    const tags = s3.client.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }))
    expect(await rejection(tags)).toMatchObject({ status: 501 })
    expect(await rejection(put('locked', { ObjectLockLegalHoldStatus: 'ON' }))).toMatchObject({ status: 400 })
  })

  it('returns user metadata as AWS does: encoded if it is outside ASCII, and otherwise decoded', async () => {
    const written = { latin1: 'é', ascii: '=?UTF-8?Q?AMAZONS3?=', control: '=?UTF-8?Q?=07?=', tab: 'a\tb' }
    // The SDK sends the headers of a request with a text as its body in another encoding than it has signed.
    await put('metadata', { Body: Buffer.from('x'), Metadata: written })
    const { Metadata } = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'metadata' }))
    expect(Metadata).toEqual({ latin1: '=?UTF-8?B?w6k=?=', ascii: 'AMAZONS3', control: written.control, tab: 'a\tb' })
  })

  it('does not store aws-chunked, and counts encoded metadata without its encoding', async () => {
    const word = `=?UTF-8?B?${Buffer.from('é'.repeat(1000)).toString('base64')}?=`
    await put('chunked', { ContentEncoding: 'aws-chunked, gzip', Metadata: { a: word } })
    const { ContentEncoding, Metadata } = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'chunked' }))
    expect({ ContentEncoding, Metadata }).toEqual({ ContentEncoding: 'gzip', Metadata: { a: word } })
    const longer = put('chunked', { Metadata: { a: word, b: 'x'.repeat(47) } })
    expect(await rejection(longer)).toMatchObject({ name: 'MetadataTooLarge' })
  })

  it('rejects version ids that it never creates', async () => {
    await put('single')
    const versioned = s3.client.send(new GetObjectCommand({ Bucket, Key: 'single', VersionId: 'abc' }))
    expect(await rejection(versioned)).toEqual({ name: 'InvalidArgument', status: 400 })
    const CopySource = `${Bucket}/single?versionId=abc`
    const copy = s3.client.send(new CopyObjectCommand({ Bucket, Key: 'versioned', CopySource }))
    expect(await rejection(copy)).toMatchObject({ status: 400 })
  })
})
