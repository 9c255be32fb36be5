import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HttpEvent } from '../../../../functions/http/http-request.ts'
import { type Gateway, startGateway } from '../../../../infra/local/program/gateway.ts'

const seen: HttpEvent[] = []

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway({
    port: 0,
    maxRequestMs: 300,
    routes: [
      { method: 'GET', path: '/{model}/export', name: 'one', file: 'one' },
      { method: 'POST', path: '/{model}/export', name: 'one', file: 'one' },
      { method: 'GET', path: '/_backup/export', name: 'all', file: 'all' },
      { method: 'GET', path: '/slow/now', name: 'slow', file: 'slow' },
      { method: 'GET', path: '/bytes/now', name: 'bytes', file: 'bytes' },
      { method: 'GET', path: '/broken/now', name: 'broken', file: 'broken' },
    ],
    load: (file) =>
      Promise.resolve(async (event, context) => {
        seen.push(event)
        if (file === 'slow') await sleep(1_000)
        if (file === 'broken') throw new Error('the handler died')
        if (file === 'bytes')
          return { statusCode: 200, body: Buffer.from([0, 255, 7]).toString('base64'), isBase64Encoded: true }
        return {
          statusCode: file.startsWith('http/not-found') ? 404 : 200,
          headers: { 'content-type': 'application/json', 'x-number': 7 },
          body: JSON.stringify({ file, left: context.getRemainingTimeInMillis() > 0 }),
        }
      }),
  })
})
afterAll(() => gateway.stop())

const last = (): HttpEvent => {
  const event = seen.at(-1)
  if (event === undefined) throw new Error('no request came through')
  return event
}

describe('the local gateway', () => {
  it('makes an event of payload version 2, its query also raw', async () => {
    const response = await fetch(`${gateway.url}/hero/export?ids=a,b&ids=c%20d&wait=1`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ file: 'one', left: true })
    expect(response.headers.get('x-number')).toBe('7')
    expect(last()).toMatchObject({
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

  it('carries bodies as base64, byte for byte', async () => {
    const body = Uint8Array.from({ length: 1000 }, (_, k) => (k * 7) % 256)
    await fetch(`${gateway.url}/hero/export`, { method: 'POST', body })
    expect(last().isBase64Encoded).toBe(true)
    expect(Buffer.from(last().body ?? '', 'base64')).toEqual(Buffer.from(body))
  })

  it('answers bytes where the handler gives base64', async () => {
    const response = await fetch(`${gateway.url}/bytes/now`)
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([0, 255, 7]))
  })

  it('prefers a literal path, and decodes parameters', async () => {
    expect(await (await fetch(`${gateway.url}/_backup/export`)).json()).toMatchObject({ file: 'all' })
    await fetch(`${gateway.url}/a%20b/export`)
    expect(last().pathParameters).toEqual({ model: 'a b' })
  })

  it.each(['/nowhere', '/', '/hero/export/', '/%E0%A4%A/export', '/x'.repeat(500)])(
    'gives what no route takes to the default: %s',
    async (path) => {
      expect((await fetch(gateway.url + path)).status).toBe(404)
      expect(last().routeKey).toBe('$default')
    },
  )

  it('gives other methods to the default as well', async () => {
    await fetch(`${gateway.url}/hero/export`, { method: 'DELETE' })
    expect(last().routeKey).toBe('$default')
  })

  it('answers 503 where a handler takes longer than API Gateway waits', async () => {
    const response = await fetch(`${gateway.url}/slow/now`)
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ message: 'Service Unavailable' })
  })

  it('answers 500 where a handler dies, and lives on', async () => {
    const response = await fetch(`${gateway.url}/broken/now`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('died')
    expect((await fetch(`${gateway.url}/hero/export`)).status).toBe(200)
  })

  it('refuses a body over 10 MB with 413, and says where a larger archive goes', async () => {
    const response = await fetch(`${gateway.url}/hero/export`, { method: 'POST', body: new Uint8Array(10_000_001) })
    expect(response.status).toBe(413)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({
      type: 'too-large',
      detail: expect.stringContaining('upload slot') as string,
    })
  })

  it('refuses such a body also where its length is not told', async () => {
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

  it('lives on when a client goes away in the middle of its body', async () => {
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

  it('names a busy port and the variable that chooses another', async () => {
    await expect(
      startGateway({ port: gateway.port, routes: [], load: () => Promise.reject(new Error()) }),
    ).rejects.toThrow()
    await expect(
      startGateway({ port: gateway.port, routes: [], load: () => Promise.resolve(() => Promise.resolve({})) }),
    ).rejects.toThrow(`port ${gateway.port} is in use: stop what listens there, or choose another with PORT=…`)
  })
})
