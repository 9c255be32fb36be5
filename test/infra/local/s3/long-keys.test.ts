import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bucket as Bucket, runS3 } from './running-s3.ts'

let s3: Awaited<ReturnType<typeof runS3>>
beforeAll(async () => {
  s3 = await runS3()
})
afterAll(() => s3.end())

it('finds every object whose key has characters of several bytes, however the lengths of keys grow', async () => {
  for (let length = 1; length <= 250; length += 31) {
    const Key = `${'x'.repeat(length % 4)}${'😀'.repeat(length)}`
    await s3.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
    expect((await s3.client.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength, Key).toBe(1)
  }
})
