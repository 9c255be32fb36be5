import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../test-api.ts'

let api: TestApi
let jobId: string
beforeAll(async () => {
  api = await startTestApi()
  const response = await fetch(`${api.gateway.url}/country/export?wait=0`)
  jobId = ((await response.json()) as { job_id: string }).job_id
})
afterAll(() => api.stop())

interface Sent {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Sends a request with headers that `fetch` does not allow to set, as a browser would. */
const send = async ({
  method = 'GET',
  path,
  headers = {},
  body,
}: Sent): Promise<{ status: number; content: unknown }> => {
  const { hostname, port } = new URL(api.gateway.url)
  const sent = request({ hostname, port, method, path, headers })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, content: await json(response) }
}

const started = (): number => api.engine.started.length
const before = { started: 0 }
beforeAll(() => {
  before.started = started()
})
// None of the requests below may start or stop a job.
afterEach(() => {
  expect(started()).toBe(before.started)
  expect(api.engine.stopped).toEqual([])
})

const FOREIGN = { status: 403, content: { type: 'foreign-request', status: 403 } }

/** What a foreign page can send without a preflight request: links, images, and forms with any of these types. */
const FORM_TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']
const STARTING = ['/_backup/export', '/country/export', '/_backup/import', '/country/import']

describe('a page of another site', () => {
  it.each(STARTING.flatMap((path) => FORM_TYPES.map((type) => [path, type])))(
    'cannot start a job with a form: POST %s as %s',
    async (path, type) => {
      const headers = { origin: 'https://example.com', 'content-type': type }
      expect(await send({ method: 'POST', path, headers, body: '{"wait": 0}' })).toMatchObject(FOREIGN)
    },
  )

  it.each(['cross-site', 'same-site'])('cannot start a job with an image or a link (%s)', async (site) => {
    for (const path of ['/_backup/export?wait=0', '/country/export?wait=0'])
      expect(await send({ path, headers: { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' } })).toMatchObject(
        FOREIGN,
      )
  })

  it.each([{ 'sec-fetch-site': 'none' }, { 'user-agent': 'Mozilla/5.0 (Macintosh) Version/16.3 Safari/605.1.15' }])(
    'cannot start a job with a link in a mail, or with an image in an old browser: %j',
    async (headers) => {
      for (const path of ['/_backup/export?wait=0', '/country/export?wait=0', '/country/%65xport'])
        expect(await send({ path, headers })).toMatchObject(FOREIGN)
      expect(await send({ path: '/_backup/jobs', headers })).toMatchObject({ status: 200 })
    },
  )

  it('cannot start a job from a frame without an origin', async () => {
    expect(await send({ method: 'POST', path: '/_backup/export', headers: { origin: 'null' } })).toMatchObject(FOREIGN)
  })

  it('cannot cancel a job', async () => {
    const path = `/_backup/jobs/${jobId}/cancel`
    expect(await send({ method: 'POST', path, headers: { origin: 'https://example.com' } })).toMatchObject(FOREIGN)
  })

  it('gets no permission to read responses or to send other requests', async () => {
    const headers = { origin: 'https://example.com', 'access-control-request-method': 'POST' }
    expect(await send({ method: 'OPTIONS', path: '/_backup/jobs', headers })).toMatchObject(FOREIGN)
    expect(await send({ path: '/_backup/jobs', headers })).toMatchObject(FOREIGN)
  })
})

describe('a domain that resolves to 127.0.0.1 (DNS rebinding)', () => {
  it.each(['/_backup', '/_backup/jobs', '/_backup/export?wait=0', '/country/export?wait=0'])(
    'can neither read nor start anything: GET %s',
    async (path) => {
      for (const host of ['rebound.example.com', `rebound.example.com:${api.gateway.port}`, '127.0.0.2'])
        expect(await send({ path, headers: { host, 'sec-fetch-site': 'same-origin' } })).toMatchObject(FOREIGN)
    },
  )

  it('can neither cancel a job nor send an archive', async () => {
    const host = `rebound.example.com:${api.gateway.port}`
    const headers = { host, origin: `http://${host}`, 'content-type': 'application/json' }
    for (const path of [`/_backup/jobs/${jobId}/cancel`, '/_backup/import'])
      expect(await send({ method: 'POST', path, headers, body: '{}' })).toMatchObject(FOREIGN)
  })
})

describe('the page itself and programs', () => {
  it('are accepted', async () => {
    const own = { origin: api.gateway.url, 'sec-fetch-site': 'same-origin' }
    expect(await send({ path: `/_backup/jobs/${jobId}`, headers: own })).toMatchObject({ status: 200 })
    expect(await send({ path: `/_backup/jobs/${jobId}` })).toMatchObject({ status: 200 })
    const host = `localhost:${api.gateway.port}`
    expect(await send({ path: '/_backup/jobs', headers: { host, origin: `http://${host}` } })).toMatchObject({
      status: 200,
    })
  })
})
