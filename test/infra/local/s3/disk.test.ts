import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendCutBody } from './contract/bodies.ts'
import { startUpload } from './contract/multipart.ts'
import { clientFor } from './contract/session.ts'
import { bucket as Bucket, credentials, runS3 } from './running-s3.ts'

let s3: Awaited<ReturnType<typeof runS3>>
beforeAll(async () => {
  s3 = await runS3()
})
afterAll(() => s3.end())

const put = (Key: string, Body: string) => s3.client.send(new PutObjectCommand({ Bucket, Key, Body }))
const plainClient = () => clientFor({ ...s3, region: 'us-east-1', credentials }, { checksums: 'WHEN_REQUIRED' })

describe('no file is left', () => {
  it('of a deleted or replaced object', async () => {
    const before = await s3.countFiles()
    await put('short-lived', 'x')
    await put('short-lived', 'y')
    expect(await s3.countFiles()).toBe(before + 1)
    await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'short-lived' }))
    expect(await s3.countFiles()).toBe(before)
  })

  it('of a body that was cut off', async () => {
    await put('whole', 'old and whole')
    const before = await s3.countFiles()
    for (const Key of ['whole', 'never']) {
      const url = await getSignedUrl(plainClient(), new PutObjectCommand({ Bucket, Key }))
      await sendCutBody(url, 5_000_000, 2_000_000)
      await sendCutBody(url, 100, 10)
      await sendCutBody(url, 100, 0)
    }
    // The service deletes its file after the client has closed the connection.
    await expect.poll(() => s3.countFiles(), { timeout: 10_000 }).toBe(before)
  })

  it('of an aborted upload', async () => {
    const before = await s3.countFiles()
    const upload = await startUpload({ bucket: Bucket, plainClient: plainClient() }, 'aborted')
    await upload.part(1, Buffer.alloc(100))
    await upload.abort()
    expect(await s3.countFiles()).toBe(before)
  })

  it('of parts that a completed upload does not use', async () => {
    const before = await s3.countFiles()
    const upload = await startUpload({ bucket: Bucket, plainClient: plainClient() }, 'once')
    const part = await upload.part(1, Buffer.from('used'))
    await upload.part(2, Buffer.from('not used'))
    await upload.complete([part])
    expect(await s3.countFiles()).toBe(before + 1)
  })
})
