import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { UnreachableError } from '../../../functions/cli/client/errors.ts'
import type { ApiRequest } from '../../../functions/cli/client/send-request.ts'
import { startUiServer, type UiServer } from '../../../functions/cli/ui/ui-server.ts'
import { startTestApi, type TestApi } from '../test-api.ts'
import { cli, jsonLines } from './cli-run.ts'
import { open, send } from './ui-browser.ts'

let requests: ApiRequest[] = []
let answer: () => Response
let server: UiServer
beforeEach(async () => {
  requests = []
  answer = () => new Response('{"jobs": []}', { headers: { 'content-type': 'application/json', 'x-secret': 'x' } })
  server = await startUiServer((one) => {
    requests.push(one)
    return Promise.resolve(answer())
  }, 0)
})
afterEach(() => server.stop())

describe('the address that the command prints', () => {
  it('is exchanged for a cookie that scripts and other sites cannot use', async () => {
    const { pathname, search } = new URL(server.url)
    const { status, headers } = await send(server.url, { path: pathname + search })
    expect(status).toBe(303)
    expect(headers.location).toMatch(/^\/[\w-]{43}\/_backup$/)
    expect(headers['set-cookie']?.[0]).toMatch(/^specstar-backup=[\w-]{43}; HttpOnly; SameSite=Strict; /)
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers['cache-control']).toBe('no-store')
  })

  it('limits the cookie to a secret path, so that browsers send it to no other port', async () => {
    const { pathname, search } = new URL(server.url)
    const { headers } = await send(server.url, { path: pathname + search })
    const secret = headers.location?.replace(/_backup$/, '') ?? ''
    expect(headers['set-cookie']?.[0]).toMatch(new RegExp(`; Path=${secret}$`))
    expect(server.url).not.toContain(secret.replaceAll('/', ''))
  })

  it('works once', async () => {
    const { pathname, search } = new URL(server.url)
    await open(server.url)
    const second = await send(server.url, { path: pathname + search })
    expect(second.status).toBe(403)
    expect(second.headers['set-cookie']).toBeUndefined()
  })

  it.each(['', 'x', 'A'.repeat(43)])('is not replaced by another token: %j', async (token) => {
    const { status, headers, body } = await send(server.url, { path: `/?token=${token}` })
    expect({ status, body }).toEqual({
      status: 403,
      body: 'This address is not valid, or was used before. Run specstar-backup ui again.\n',
    })
    expect(headers['set-cookie']).toBeUndefined()
    expect((await open(server.url)).cookie).not.toBe('')
  })

  it('is not exchanged for a page of another site', async () => {
    const { pathname, search } = new URL(server.url)
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { host: 'rebound.example.com' }] as const)
      expect((await send(server.url, { path: pathname + search, headers })).status).toBe(403)
    expect((await open(server.url)).cookie).not.toBe('')
  })
})

describe('a request with the cookie', () => {
  const own = (): Record<string, string> => ({ origin: new URL(server.url).origin, 'sec-fetch-site': 'same-origin' })

  it('is sent to the API without the cookie and the origin', async () => {
    const { cookie, base } = await open(server.url)
    const { status, headers, body } = await send(server.url, {
      path: `${base}/_backup/jobs?limit=5&ids=a&ids=b%20c`,
      headers: { cookie, accept: 'application/json', 'x-other': '1', 'sec-fetch-site': 'same-origin' },
    })
    expect({ status, body }).toEqual({ status: 200, body: '{"jobs": []}' })
    expect(headers['x-secret']).toBeUndefined()
    expect(requests).toEqual([
      {
        method: 'GET',
        path: '/_backup/jobs',
        query: { limit: ['5'], ids: ['a', 'b c'] },
        headers: { accept: 'application/json' },
        signal: expect.any(AbortSignal) as unknown,
      },
    ])
  })

  it('can change something if its origin is that of the page', async () => {
    const { cookie, base } = await open(server.url)
    const headers = { ...own(), cookie, 'content-type': 'application/json', 'idempotency-key': 'k' }
    const { status } = await send(server.url, {
      method: 'POST',
      path: `${base}/_backup/export`,
      headers,
      body: '{"wait":0}',
    })
    expect(status).toBe(200)
    expect(requests).toMatchObject([{ method: 'POST', headers: { 'idempotency-key': 'k' } }])
    expect(Buffer.from(requests[0]?.body as Uint8Array).toString()).toBe('{"wait":0}')
  })

  it('passes redirects on to the browser', async () => {
    answer = () => new Response(null, { status: 303, headers: { location: 'https://s3.example.com/archive' } })
    const { cookie, base } = await open(server.url)
    const { status, headers } = await send(server.url, { path: `${base}/_backup/jobs/a/archive`, headers: { cookie } })
    expect([status, headers.location]).toEqual([303, 'https://s3.example.com/archive'])
  })

  it('is answered with a problem if the API does not respond', async () => {
    answer = () => {
      throw new UnreachableError('it does not respond')
    }
    const { cookie, base } = await open(server.url)
    const { status, body } = await send(server.url, { path: `${base}/_backup/jobs`, headers: { cookie } })
    expect(status).toBe(502)
    expect(JSON.parse(body)).toMatchObject({ type: 'unreachable', detail: 'it does not respond' })
  })

  it('is rejected if its body is too large', async () => {
    const { cookie, base } = await open(server.url)
    const headers = { ...own(), cookie, 'content-type': 'application/octet-stream' }
    const { status } = await send(server.url, {
      method: 'POST',
      path: `${base}/_backup/import`,
      headers,
      body: Buffer.alloc(5 * 1024 * 1024),
    })
    expect(status).toBe(413)
    expect(requests).toEqual([])
  })

  it.each(['PUT', 'DELETE', 'OPTIONS'])('is rejected if its method is %s', async (method) => {
    const { cookie, base } = await open(server.url)
    expect(
      (await send(server.url, { method, path: `${base}/_backup/jobs`, headers: { ...own(), cookie } })).status,
    ).toBe(405)
    expect(requests).toEqual([])
  })
})

describe('a request that is not of the page', () => {
  const STARTING = ['/_backup/export', '/country/export', '/_backup/import', '/_backup/jobs/a/cancel']
  afterEach(() => {
    expect(requests).toEqual([])
  })

  it('is rejected without the cookie', async () => {
    const { cookie, base } = await open(server.url)
    for (const path of ['/', '/_backup', '/_backup/jobs', '/_backup/export'])
      expect((await send(server.url, { path: base + path })).status).toBe(401)
    const wrong = cookie.replace(/=.*/, '=x')
    expect((await send(server.url, { path: `${base}/_backup/jobs`, headers: { cookie: wrong } })).status).toBe(401)
  })

  it('is rejected outside of the secret path, even with the cookie', async () => {
    const { cookie, base } = await open(server.url)
    for (const path of ['/', '//', '/_backup', '/_backup/jobs', `${base}x/_backup`, `${base}/../_backup`, base])
      expect((await send(server.url, { path, headers: { cookie } })).status).toBe(401)
  })

  it('is rejected if its target is no path', async () => {
    const { cookie } = await open(server.url)
    for (const path of ['http://example.com/_backup', '*']) {
      const { status, body } = await send(server.url, { path, headers: { cookie } })
      expect([status, JSON.parse(body)]).toMatchObject([400, { type: 'invalid-request' }])
    }
  })

  it.each(STARTING)('cannot change anything without its own origin, even with the cookie: POST %s', async (path) => {
    const { cookie, base } = await open(server.url)
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json',
    ]
    const origins = [{}, { origin: 'null' }, { origin: 'https://example.com' }, { origin: 'http://127.0.0.1:3000' }]
    for (const type of types)
      for (const origin of origins) {
        const headers = { ...origin, cookie, 'content-type': type }
        const { status, body } = await send(server.url, { method: 'POST', path: base + path, headers, body: '{}' })
        expect(status).toBe(403)
        expect(JSON.parse(body)).toMatchObject({ type: 'foreign-request' })
      }
  })

  it('cannot start a job with an image or a link, even with the cookie', async () => {
    const { cookie, base } = await open(server.url)
    for (const site of ['cross-site', 'same-site', 'none'])
      for (const path of ['/_backup/export', '/country/export'])
        expect(
          (await send(server.url, { path: base + path, headers: { cookie, 'sec-fetch-site': site } })).status,
        ).toBe(403)
  })

  it.each(['/_backup/export?wait=0', '/country/export'])(
    'cannot start a job with GET, unless it names its own origin: %s',
    async (path) => {
      const { cookie, base } = await open(server.url)
      const { status, body } = await send(server.url, { path: base + path, headers: { cookie } })
      expect(status).toBe(403)
      expect(JSON.parse(body)).toMatchObject({ type: 'foreign-request' })
      expect(requests).toEqual([])
      const { origin } = new URL(server.url)
      for (const headers of [{ origin }, { 'sec-fetch-site': 'same-origin' }] as const)
        expect((await send(server.url, { path: base + path, headers: { ...headers, cookie } })).status).toBe(200)
      requests = []
    },
  )

  it('can neither read nor change anything by DNS rebinding, even with the cookie', async () => {
    const { cookie, base } = await open(server.url)
    const host = `rebound.example.com:${new URL(server.url).port}`
    const headers = { host, cookie, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }
    for (const path of ['/_backup', '/_backup/jobs', '/_backup/export'])
      for (const method of ['GET', 'POST'])
        expect((await send(server.url, { method, path: base + path, headers })).status).toBe(403)
  })
})

describe('the server', () => {
  it('ends its requests to the API when it is stopped', async () => {
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<AbortSignal | undefined>()
    const waiting = await startUiServer(({ signal }) => {
      onAsked(signal)
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          reject(new UnreachableError('aborted'))
        })
      })
    }, 0)
    const { cookie, base } = await open(waiting.url)
    const answered = send(waiting.url, { path: `${base}/_backup/jobs`, headers: { cookie } }).catch(String)
    const signal = await asked
    expect(signal?.aborted).toBe(false)
    await waiting.stop()
    expect(signal?.aborted).toBe(true)
    await answered
  })

  it('says what to do if its port is in use', async () => {
    const port = Number(new URL(server.url).port)
    await expect(startUiServer(() => Promise.resolve(new Response()), port)).rejects.toThrow(
      `The port ${port} is used by another program. Choose another one with --port, or omit --port`,
    )
  })
})

describe('specstar-backup ui', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi()
  })
  afterAll(() => api.stop())

  it('serves the page of a deployment until Ctrl-C', async () => {
    const { promise: printed, resolve: onUrl } = Promise.withResolvers<string>()
    const { promise: done, resolve: finish } = Promise.withResolvers<'ctrl-c'>()
    const running = cli(['ui', '--json', '--endpoint', api.gateway.url], {
      onResult: (line) => {
        onUrl(line)
        return done
      },
    })
    const [{ url }] = jsonLines(await printed) as [{ readonly url: string }]
    const { cookie, base } = await open(url)
    const page = await send(url, { path: `${base}/_backup`, headers: { cookie } })
    expect(page.status).toBe(200)
    expect(page.body).toContain('<title>SpecStar Backup</title>')
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    const script = /src="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const file = await send(url, { path: `${base}/${script}`, headers: { cookie } })
    expect([file.status, file.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8'])
    const jobs = await send(url, { path: `${base}/_backup/jobs`, headers: { cookie } })
    expect(JSON.parse(jobs.body)).toEqual({ jobs: [] })
    finish('ctrl-c')
    expect((await running).code).toBe(0)
    await expect(send(url, { path: '/_backup' })).rejects.toThrow('ECONNREFUSED')
  })
})
