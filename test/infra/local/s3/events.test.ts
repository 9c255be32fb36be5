import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketNotificationConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { bucket as Bucket, rejection, runS3 } from './running-s3.ts'

let s3: Awaited<ReturnType<typeof runS3>>
beforeAll(async () => {
  s3 = await runS3()
})
afterAll(() => s3.end())

const eventsOf = (key: string) => s3.events.filter(({ detail }) => detail.object.key === key)

describe('an Object Created event', () => {
  it('contains the raw key, size and ETag of every put, and arrives when the object can be read', async () => {
    const Key = 'uploads/a b+c (1)%20ü.acbak'
    const { ETag } = await s3.client.send(new PutObjectCommand({ Bucket, Key, Body: 'archive' }))
    await vi.waitFor(() => {
      expect(eventsOf(Key)).toHaveLength(1)
    })
    expect(eventsOf(Key)[0]).toMatchObject({
      source: 'aws.s3',
      'detail-type': 'Object Created',
      detail: {
        bucket: { name: Bucket },
        object: { key: Key, size: 7, etag: ETag?.replaceAll('"', '') },
        reason: 'PutObject',
      },
    })
    await s3.client.send(new GetObjectCommand({ Bucket, Key })).then(({ Body }) => Body?.transformToString())
  })

  it('is sent for copies and completed uploads, but not for parts', async () => {
    await s3.client.send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'x' }))
    await s3.client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/source` }))
    const { UploadId } = await s3.client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'composed' }))
    const part = { Bucket, Key: 'composed', UploadId, PartNumber: 1 }
    const { ETag, ChecksumCRC32 } = await s3.client.send(new UploadPartCommand({ ...part, Body: 'part' }))
    expect(eventsOf('composed')).toEqual([])
    const Parts = [{ PartNumber: 1, ETag, ChecksumCRC32 }]
    const complete = { Bucket, Key: 'composed', UploadId, MultipartUpload: { Parts } }
    await s3.client.send(new CompleteMultipartUploadCommand(complete))
    await vi.waitFor(() => {
      expect(eventsOf('copy').map(({ detail }) => detail.reason)).toEqual(['CopyObject'])
      expect(eventsOf('composed').map(({ detail }) => detail.reason)).toEqual(['CompleteMultipartUpload'])
    })
    expect(eventsOf('composed')[0]?.detail.object.size).toBe(4)
  })

  it('has an increasing sequencer', async () => {
    for (let round = 0; round < 5; round++) {
      await s3.client.send(new PutObjectCommand({ Bucket, Key: 'sequence', Body: `${round}` }))
    }
    await vi.waitFor(() => {
      expect(eventsOf('sequence')).toHaveLength(5)
    })
    const sequencers = eventsOf('sequence').map(({ detail }) => detail.object.sequencer)
    expect(sequencers).toEqual([...new Set(sequencers)].sort())
  })

  it('is not sent for rejected writes, reads and deletes', async () => {
    await s3.client.send(new PutObjectCommand({ Bucket, Key: 'quiet', Body: 'x' }))
    const rejected = s3.client.send(new PutObjectCommand({ Bucket, Key: 'quiet', Body: 'y', IfNoneMatch: '*' }))
    expect(await rejection(rejected)).toMatchObject({ status: 412 })
    await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'quiet' }))
    await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'quiet' }))
    await s3.client.send(new PutObjectCommand({ Bucket, Key: 'after', Body: 'x' }))
    await vi.waitFor(() => {
      expect(eventsOf('after')).toHaveLength(1)
    })
    expect(eventsOf('quiet')).toHaveLength(1)
  })

  it('contains the version id in a versioned bucket only', async () => {
    await s3.client.send(new PutObjectCommand({ Bucket, Key: 'version', Body: 'x' }))
    const VersioningConfiguration = { Status: 'Enabled' as const }
    await s3.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    const { VersionId } = await s3.client.send(new PutObjectCommand({ Bucket, Key: 'version', Body: 'y' }))
    await vi.waitFor(() => {
      expect(eventsOf('version')).toHaveLength(2)
    })
    expect(eventsOf('version').map(({ detail }) => detail.object['version-id'])).toEqual([undefined, VersionId])
  })
})

describe('the notification configuration of a bucket', () => {
  it('states whether EventBridge is turned on, and accepts no other destinations', async () => {
    const configure = (NotificationConfiguration: NotificationConfiguration) =>
      s3.client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }))
    const configuration = async () => {
      const command = new GetBucketNotificationConfigurationCommand({ Bucket })
      return (await s3.client.send(command)).EventBridgeConfiguration
    }
    expect(await configuration()).toBeUndefined()
    await configure({ EventBridgeConfiguration: {} })
    expect(await configuration()).toEqual({})
    const topics = { TopicConfigurations: [{ TopicArn: 'arn:aws:sns:us-east-1:1:topic', Events: [] }] }
    expect(await rejection(configure(topics))).toMatchObject({ name: 'MalformedXML' })
    await configure({})
    expect(await configuration()).toBeUndefined()
  })
})
