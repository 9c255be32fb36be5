import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { DeleteObjectsCommand, GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { bucket as Bucket, clientOf, runS3 } from './running-s3.ts'

const REBOUND = 'rebound.example.com'

let s3: Awaited<ReturnType<typeof runS3>>
let created: number
beforeAll(async () => {
  s3 = await runS3()
  await s3.client.send(new PutObjectCommand({ Bucket, Key: 'archive', Body: 'secret' }))
  created = s3.events.length
})
afterAll(() => s3.end())
afterEach(async () => {
  // Nothing was written or deleted.
  expect(s3.events.length).toBe(created)
  const { Body } = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'archive' }))
  expect(await Body?.transformToString()).toBe('secret')
})

/** The URLs of requests that are signed for a name of this service, as a page with the public key can do. */
const forged = (name: string) => clientOf(`http://${name}:${s3.port}`)
const get = async (name: string): Promise<URL> =>
  new URL(await getSignedUrl(forged(name), new GetObjectCommand({ Bucket, Key: 'archive' })))
const put = async (name: string): Promise<URL> =>
  new URL(await getSignedUrl(forged(name), new PutObjectCommand({ Bucket, Key: 'evil' })))
const list = async (name: string): Promise<URL> => new URL(await getSignedUrl(forged(name), new ListBucketsCommand()))
const remove = async (name: string): Promise<URL> => {
  const Delete = { Objects: [{ Key: 'archive' }] }
  return new URL(await getSignedUrl(forged(name), new DeleteObjectsCommand({ Bucket, Delete })))
}

/** Sends a request to the service, whatever the host of its URL is. */
const send = async (
  method: string,
  { host, pathname, search }: URL,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: string }> => {
  const sent = request({ hostname: '127.0.0.1', port: s3.port, method, path: pathname + search, agent: false })
  for (const [name, value] of Object.entries({ host, ...headers })) sent.setHeader(name, value)
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response) }
}

const DENIED = { status: 403, body: expect.stringContaining('<Code>AccessDenied</Code>') as unknown }
const limits = (name = '127.0.0.1'): URL => new URL(`http://${name}:${s3.port}/-/limits`)

describe('a domain that resolves to 127.0.0.1 (DNS rebinding)', () => {
  const own = () => ({ origin: `http://${REBOUND}:${s3.port}`, 'sec-fetch-site': 'same-origin' })

  it('can neither read nor write with the public key', async () => {
    expect(await send('GET', await get(REBOUND), own())).toMatchObject(DENIED)
    expect(await send('GET', await list(REBOUND))).toMatchObject(DENIED)
    expect(await send('PUT', await put(REBOUND), own())).toMatchObject(DENIED)
    expect(await send('PUT', await put(REBOUND))).toMatchObject(DENIED)
  })

  it('cannot change the limits', async () => {
    for (const method of ['GET', 'POST', 'PUT'])
      expect(await send(method, limits(REBOUND), own())).toMatchObject(DENIED)
  })
})

describe('the message of a refused request', () => {
  it('names the header and what is allowed', async () => {
    const messageOf = async (name: string, headers: Readonly<Record<string, string>> = {}) =>
      (await send('GET', await list(name), headers)).body
    expect(await messageOf('host.docker.internal')).toMatch(
      /the header Host is .*host\.docker\.internal:\d+.*Allowed values: 127\.0\.0\.1, localhost/,
    )
    expect(await messageOf('127.0.0.1', { origin: 'https://example.com' })).toContain('the header Origin')
    expect(await messageOf('127.0.0.1', { 'sec-fetch-site': 'cross-site' })).toContain('the header Sec-Fetch-Site')
  })
})

describe('a page of another site', () => {
  it.each([
    { origin: 'https://example.com' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' },
  ])('can neither write nor delete: %j', async (headers) => {
    expect(await send('PUT', await put('127.0.0.1'), headers)).toMatchObject(DENIED)
    expect(await send('POST', await remove('127.0.0.1'), headers)).toMatchObject(DENIED)
    for (const method of ['GET', 'POST', 'PUT']) expect(await send(method, limits(), headers)).toMatchObject(DENIED)
  })

  it.each([
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'same-origin', 'sec-fetch-dest': 'empty' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    { 'sec-fetch-site': 'cross-site' },
  ])('cannot load an object into itself: %j', async (headers) => {
    expect(await send('GET', await get('127.0.0.1'), headers)).toMatchObject(DENIED)
    expect(await send('GET', limits(), headers)).toMatchObject(DENIED)
  })

  it('cannot write by a navigation', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect(await send('PUT', await put('127.0.0.1'), headers)).toMatchObject(DENIED)
  })
})

describe('the service still accepts', () => {
  it.each(['same-site', 'cross-site', 'none'])('a download by a link of the page (%s)', async (site) => {
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect(await send('GET', await get('127.0.0.1'), headers)).toEqual({ status: 200, body: 'secret' })
  })

  it.each(['127.0.0.1', 'localhost'])('programs that use the name %s', async (name) => {
    expect(await send('GET', await get(name))).toEqual({ status: 200, body: 'secret' })
    expect(await send('GET', limits(name))).toMatchObject({ status: 200 })
  })
})
