import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type LimitsClient, limitsClient } from '../limits/limits-client.ts'
import { bucket as Bucket, rejection, runS3 } from './running-s3.ts'

let s3: Awaited<ReturnType<typeof runS3>>
let limits: LimitsClient
beforeAll(async () => {
  s3 = await runS3()
  limits = limitsClient(s3.endpoint)
})
afterAll(() => s3.end())
beforeEach(() => limits.set({ writesPerSecond: 0.01, readsPerSecond: 0.01, latencyMs: 0 }))

const put = (Key: string) => s3.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))

describe('the limits of the local S3 service', () => {
  it('refuse a write to a prefix that has reached its rate', async () => {
    await put('one/a')
    expect(await rejection(put('one/b'))).toMatchObject({ status: 503, name: 'SlowDown' })
    await put('two/a')
  })

  it('count reads and writes separately', async () => {
    await put('three/a')
    const object = { Bucket, Key: 'three/a' }
    await s3.client.send(new HeadObjectCommand(object))
    expect(await rejection(s3.client.send(new GetObjectCommand(object)))).toMatchObject({ status: 503 })
    expect(await rejection(s3.client.send(new HeadObjectCommand(object)))).toMatchObject({ status: 503 })
  })

  it.each([
    ['{', 'the body is not JSON; send an object with all limits, or null for none'],
    ['5', 'the limits in the body are not valid: must be an object with these members: writesPerSecond, '],
    ['{"writesPerSecond":0,"readsPerSecond":1,"latencyMs":0}', 'writesPerSecond: must be more than 0; send an object'],
  ])('are not replaced by the body %s, and the answer says what is allowed', async (body, message) => {
    const response = await fetch(`${s3.endpoint}/-/limits`, { method: 'PUT', body })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ message: expect.stringContaining(message) as string })
    await put('kept/a')
    expect(await rejection(put('kept/b'))).toMatchObject({ status: 503 })
  })

  it('count a list for its prefix', async () => {
    await s3.client.send(new ListObjectsV2Command({ Bucket, Prefix: 'four/' }))
    const list = s3.client.send(new ListObjectsV2Command({ Bucket, Prefix: 'four/five' }))
    expect(await rejection(list)).toMatchObject({ status: 503 })
    expect(await limits.usage()).toMatchObject([{ name: `reads ${Bucket}/four`, used: 1, refused: 1 }])
  })
})
