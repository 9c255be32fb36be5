import { DeleteObjectsCommand, GetObjectCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { LOCAL_CREDENTIALS } from '../../shared/runtime/local-credentials.ts'
import { serveForeignPage } from './foreign-page.ts'
import { PageTest, REBOUND_HOST } from './page-test.ts'
import { listJobs, seed } from './steps.ts'
import { firstBlob } from './store.ts'

let test: PageTest
beforeAll(async () => {
  test = await PageTest.start()
  await seed(test)
})
afterAll(() => test.stop())
afterEach(() => {
  expect(test.takeErrors()).toEqual([])
  test.expectedFailures = []
})

describe('a page of another site, in a real browser', () => {
  /** Returns a client that signs with the public key of the local S3 service, for any name of it. */
  const forged = (name: string): S3Client => {
    const { port } = new URL(test.s3Url)
    const endpoint = `http://${name}:${port}`
    return new S3Client({ endpoint, region: 'us-east-1', credentials: { ...LOCAL_CREDENTIALS }, forcePathStyle: true })
  }
  const object = async () => ({ Bucket: test.stores.config.buckets.blobs, Key: await firstBlob(test.stores) })

  it('can neither start, cancel nor read anything', async () => {
    // A job that a cancellation would end: it waits for an upload.
    const slot = await fetch(`${test.program.url}/_backup/import`, { method: 'POST' })
    const { job_id } = (await slot.json()) as { readonly job_id: string }
    const before = await listJobs(test)
    expect(before).toContain(`${job_id} awaiting_upload`)
    const { Bucket, Key } = await object()
    const Delete = { Objects: [{ Key }] }
    const foreign = await serveForeignPage({
      target: test.program.url,
      jobId: job_id,
      s3: {
        get: await getSignedUrl(forged('127.0.0.1'), new GetObjectCommand({ Bucket, Key })),
        remove: await getSignedUrl(forged('127.0.0.1'), new DeleteObjectsCommand({ Bucket, Delete })),
        limits: `${test.s3Url}/-/limits`,
      },
    })
    const page = await test.openForeign()
    const answered: string[] = []
    page.on('response', (response) => {
      if ([test.program.url, test.s3Url].some((url) => response.url().startsWith(url)))
        answered.push(`${response.request().method()} ${response.status()}`)
    })
    await page.goto(foreign.url)
    const read = await page.evaluate<string[]>('window.read')
    expect(read).toEqual(read.map(() => ''))
    expect(read).toHaveLength(10)
    await expect.poll(() => answered.filter((one) => one === 'POST 403').length).toBeGreaterThanOrEqual(11)
    expect(answered).toContain('GET 403')
    expect(answered.filter((one) => !one.endsWith(' 403'))).toEqual([])
    expect(await listJobs(test)).toEqual(before)
    await page.close()
    foreign.stop()
  })

  it('can neither read nor start anything by DNS rebinding', async () => {
    const before = await listJobs(test)
    const page = await test.openForeign()
    const { port } = new URL(test.program.url)
    for (const path of ['/_backup', '/_backup/jobs', '/_backup/export?wait=0', '/country/export?wait=0']) {
      const response = await page.goto(`http://${REBOUND_HOST}:${port}${path}`)
      expect(response?.status()).toBe(403)
    }
    const started = await page.evaluate<number>(
      "fetch('/_backup/export', { method: 'POST' }).then((one) => one.status)",
    )
    expect(started).toBe(403)
    for (const url of [
      await getSignedUrl(forged(REBOUND_HOST), new ListBucketsCommand()),
      await getSignedUrl(forged(REBOUND_HOST), new GetObjectCommand(await object())),
      `http://${REBOUND_HOST}:${new URL(test.s3Url).port}/-/limits`,
    ])
      expect((await page.goto(url))?.status()).toBe(403)
    expect(await listJobs(test)).toEqual(before)
    await page.close()
  })
})
