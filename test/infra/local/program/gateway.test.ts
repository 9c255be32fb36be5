import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HttpEvent } from '../../../../functions/http/http-request.ts'
import { DEFAULT_ROUTE } from '../../../../functions/routes.ts'
import { type Gateway, startGateway } from '../../../../infra/local/program/gateway.ts'

const events: HttpEvent[] = []

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway({
    port: 0,
    maxRequestMs: 300,
    routes: [
      { methods: ['GET', 'POST'], path: '/{model}/export', file: 'one' },
      { methods: ['GET'], path: '/_backup/export', file: 'all' },
      { methods: ['GET'], path: '/slow/now', file: 'slow' },
      { methods: ['GET'], path: '/bytes/now', file: 'bytes' },
      { methods: ['GET'], path: '/broken/now', file: 'broken' },
    ],
    load: (file) =>
      Promise.resolve(async (event, context) => {
        events.push(event)
        if (file === 'slow') await sleep(1_000)
        if (file === 'broken') throw new Error('secret of the handler')
        if (file === 'bytes')
          return { statusCode: 200, body: Buffer.from([0, 255, 7]).toString('base64'), isBase64Encoded: true }
        return {
          statusCode: file === DEFAULT_ROUTE.file ? 404 : 200,
          headers: { 'content-type': 'application/json', 'x-number': 7 },
          body: JSON.stringify({ file, left: context.getRemainingTimeInMillis() > 0 }),
        }
      }),
  })
})
afterAll(() => gateway.stop())

const lastEvent = (): HttpEvent => {
  const event = events.at(-1)
  if (event === undefined) throw new Error('no handler was called')
  return event
}

describe('the local gateway', () => {
  it('creates an event with payload format version 2.0, with the parsed and the raw query string', async () => {
    const response = await fetch(`${gateway.url}/hero/export?ids=a,b&ids=c%20d&wait=1`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ file: 'one', left: true })
    expect(response.headers.get('x-number')).toBe('7')
    expect(lastEvent()).toMatchObject({
      version: '2.0',
      routeKey: 'GET /{model}/export',
      rawPath: '/hero/export',
      rawQueryString: 'ids=a,b&ids=c%20d&wait=1',
      queryStringParameters: { ids: 'a,b,c d', wait: '1' },
      pathParameters: { model: 'hero' },
      isBase64Encoded: false,
      requestContext: { http: { method: 'GET' }, authorizer: { iam: { userArn: 'local' } } },
    })
  })

  it('answers a request line or headers that are too long with a problem document', async () => {
    const long = await fetch(`${gateway.url}/hero/export?ids=${'x'.repeat(300_000)}`)
    expect(long.status).toBe(414)
    expect(long.headers.get('content-type')).toBe('application/problem+json')
    expect(await long.json()).toMatchObject({
      type: 'uri-too-long',
      status: 414,
      detail: expect.stringContaining('POST') as string,
    })
    for (const length of [16_300, 16_384, 20_000, 60_000])
      expect((await fetch(`${gateway.url}/hero/export?ids=${'x'.repeat(length)}`)).status).toBe(414)
    const headers = await fetch(`${gateway.url}/hero/export`, { headers: { 'x-long': 'x'.repeat(20_000) } })
    expect(headers.status).toBe(431)
    expect(await headers.json()).toMatchObject({ type: 'headers-too-large' })
    expect((await fetch(`${gateway.url}/hero/export?ids=${'x'.repeat(12_000)}`)).status).toBe(200)
  })

  it.each([
    ['FOO /hero/export HTTP/1.1\r\nhost: x\r\n\r\n', 'method'],
    ['GET /hero/export HTTP/1.1\r\nhost x\r\n\r\n', 'request'],
  ])('answers a request that is not HTTP with a problem document: %j', async (sent, field) => {
    const socket = connect(gateway.port, '127.0.0.1')
    socket.end(sent)
    const [head, body] = (await buffer(socket)).toString().split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(head).toContain('content-type: application/problem+json')
    expect(JSON.parse(body ?? '')).toMatchObject({
      type: 'invalid-request',
      status: 400,
      errors: [{ field, message: expect.stringContaining('HTTP/1.1') as string }],
    })
  })

  it('passes a request body to the handler as base64', async () => {
    const body = Uint8Array.from({ length: 1000 }, (_, k) => (k * 7) % 256)
    await fetch(`${gateway.url}/hero/export`, { method: 'POST', body })
    expect(lastEvent().isBase64Encoded).toBe(true)
    expect(Buffer.from(lastEvent().body ?? '', 'base64')).toEqual(Buffer.from(body))
  })

  it('decodes a base64 body that a handler returns', async () => {
    const response = await fetch(`${gateway.url}/bytes/now`)
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([0, 255, 7]))
  })

  it('prefers a literal path to a parameter and decodes parameters', async () => {
    expect(await (await fetch(`${gateway.url}/_backup/export`)).json()).toMatchObject({ file: 'all' })
    await fetch(`${gateway.url}/a%20b/export`)
    expect(lastEvent().pathParameters).toEqual({ model: 'a b' })
  })

  it.each(['/nowhere', '/', '/hero/export/', '/%E0%A4%A/export', '/x'.repeat(500)])(
    'calls the default route for a path without a route: %s',
    async (path) => {
      expect((await fetch(gateway.url + path)).status).toBe(404)
      expect(lastEvent().routeKey).toBe('$default')
    },
  )

  it('calls the default route for a method without a route', async () => {
    await fetch(`${gateway.url}/hero/export`, { method: 'DELETE' })
    expect(lastEvent().routeKey).toBe('$default')
  })

  it('returns 503 if a handler takes longer than API Gateway waits', async () => {
    const response = await fetch(`${gateway.url}/slow/now`)
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ message: 'Service Unavailable' })
  })

  it('returns 500 without the error message if a handler throws, and continues to serve requests', async () => {
    const response = await fetch(`${gateway.url}/broken/now`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect((await fetch(`${gateway.url}/hero/export`)).status).toBe(200)
  })

  it('rejects a body over 10 MB with 413 and recommends an upload slot', async () => {
    const response = await fetch(`${gateway.url}/hero/export`, { method: 'POST', body: new Uint8Array(10_000_001) })
    expect(response.status).toBe(413)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({
      type: 'too-large',
      detail: expect.stringContaining('upload slot') as string,
    })
  })

  it('rejects a body over 10 MB without a content-length header', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${gateway.url}/hero/export`, { method: 'POST' }, (response) => {
        resolve(response.statusCode)
        response.resume()
      })
      request.on('error', reject)
      for (let k = 0; k < 11; k++) request.write(Buffer.alloc(1_000_000))
      request.end()
    })
    expect(status).toBe(413)
  })

  it('continues to serve requests after a client disconnects in the middle of a body', async () => {
    await new Promise<void>((resolve) => {
      const request = httpRequest(`${gateway.url}/hero/export`, {
        method: 'POST',
        headers: { 'content-length': '1000' },
      })
      request.on('error', () => {
        resolve()
      })
      request.write('half', () => request.destroy(new Error('gone')))
    })
    expect((await fetch(`${gateway.url}/hero/export`)).status).toBe(200)
  })

  it('rejects if a handler cannot be loaded', async () => {
    const load = () => Promise.reject(new Error('no such handler'))
    await expect(startGateway({ port: 0, routes: [], load })).rejects.toThrow('no such handler')
  })

  it('reports a port that is in use and the variable that sets it', async () => {
    await expect(
      startGateway({ port: gateway.port, routes: [], load: () => Promise.resolve(() => Promise.resolve({})) }),
    ).rejects.toThrow(
      `port ${gateway.port} is already in use: stop the process that listens on it, ` +
        'or set PORT to another port in the environment of `npm start`',
    )
  })
})
