import { afterAll, describe, expect, it } from 'vitest'
import { type Grant, SignedUrls } from '../../shared/objects/aws/signed-urls.ts'
import { s3 } from '../../shared/runtime/clients.ts'

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
const client = s3({ region: 'us-east-1', credentials, endpoint: 'http://localhost:9' })
afterAll(() => {
  client.destroy()
})

const NOW = new Date('2026-01-05T08:00:00.250Z')
const after = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000)

describe('a signed URL', () => {
  const grants: Grant[] = []
  const urls = (until?: Date): SignedUrls =>
    new SignedUrls(
      (grant) => {
        grants.push(grant)
        return Promise.resolve({ client, ...(until === undefined ? {} : { until }) })
      },
      () => NOW,
    )
  const secondsOf = (url: string): string | null => new URL(url).searchParams.get('X-Amz-Expires')

  it.each<[string, Date | undefined, Date | undefined, number]>([
    ['an hour', undefined, undefined, 3600],
    ['an hour even if its signer is valid longer', after(7200), undefined, 3600],
    ['as long as its signer', after(1234), undefined, 1234],
    ['as long as the caller permits', undefined, after(99.9), 99],
    ['at least a second', undefined, after(-5), 1],
  ])('is valid for %s', async (_, until, notAfter, seconds) => {
    const { url, expires_at } = await urls(until).upload('restores', '_slots/x.acbak', notAfter)
    expect([secondsOf(url), expires_at]).toEqual([seconds.toString(), after(seconds)])
  })

  it('is signed for its key only', async () => {
    grants.length = 0
    const { url, expires_at } = await urls(after(60)).download(
      { bucket: 'archives', key: 'a b', version_id: 'v1' },
      'x.acbak',
    )
    expect(grants).toEqual([{ action: 'get', bucket: 'archives', key: 'a b', version_id: 'v1' }])
    expect(new URL(url).pathname).toBe('/archives/a%20b')
    expect([secondsOf(url), expires_at]).toEqual(['60', after(60)])
  })
})
