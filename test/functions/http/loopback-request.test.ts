import { describe, expect, it } from 'vitest'
import { checkLoopbackRequest } from '../../../functions/http/loopback-request.ts'
import type { ForeignRequestError } from '../../../functions/http/errors.ts'
import { ROUTES } from '../../../functions/routes.ts'

describe('checkLoopbackRequest', () => {
  it.each([
    [{ host: '127.0.0.1:3000' }],
    [{ host: 'localhost:3000' }],
    [{ host: 'LOCALHOST:3000' }],
    [{ host: '[::1]:3000' }],
    [{ host: '127.0.0.1' }],
    [{ host: '127.0.0.1', origin: 'http://127.0.0.1' }],
    [{ host: 'localhost:8080', origin: 'http://localhost:8080' }],
    [{ host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000' }],
    [{ host: 'localhost:3000', 'sec-fetch-site': 'same-origin' }],
    [{ host: 'localhost:3000', 'sec-fetch-site': 'none' }],
  ])('accepts %j', (headers) => {
    expect(() => {
      checkLoopbackRequest({ method: 'GET', url: '/_backup/jobs', headers })
    }).not.toThrow()
  })

  it.each([
    ['Host', {}],
    ['Host', { host: '' }],
    ['Host', { host: '127.0.0.2:3000' }],
    ['Host', { host: '127.0.0.1:' }],
    ['Host', { host: '127.0.0.1:3000, example.com' }],
    ['Host', { host: 'rebound.example.com:3000' }],
    ['Host', { host: 'localhost.example.com:3000' }],
    ['Host', { host: '127.0.0.1:3000.example.com' }],
    ['Host', { host: 'user@127.0.0.1:3000' }],
    ['Origin', { host: '127.0.0.1:3000', origin: 'https://example.com' }],
    ['Origin', { host: '127.0.0.1:3000', origin: 'null' }],
    ['Origin', { host: '127.0.0.1:3000', origin: '' }],
    ['Origin', { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3001' }],
    ['Origin', { host: '127.0.0.1:3000', origin: 'http://localhost:3000' }],
    ['Origin', { host: '127.0.0.1:3000', origin: 'https://127.0.0.1:3000' }],
    ['Sec-Fetch-Site', { host: '127.0.0.1:3000', 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site', { host: '127.0.0.1:3000', 'sec-fetch-site': 'same-site' }],
    ['Sec-Fetch-Site', { host: '127.0.0.1:3000', 'sec-fetch-site': '' }],
  ])('rejects the %s of %j', (header, headers) => {
    const check = (): void => {
      checkLoopbackRequest({ method: 'GET', url: '/_backup/jobs', headers })
    }
    expect(check).toThrow(expect.objectContaining({ header }) as ForeignRequestError)
  })
})

describe('a GET request that starts a job', () => {
  const check =
    (url: string, headers: Readonly<Record<string, string>>, method = 'GET') =>
    (): void => {
      checkLoopbackRequest({ method, url, headers: { host: '127.0.0.1:3000', ...headers } })
    }
  const URLS = ['/_backup/export?wait=0', '/country/export', '/_backup/export/', '/_backup/%65xport#x']
  const BROWSER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:80.0) Gecko/20100101 Firefox/80.0' }

  it.each(URLS)('is rejected if a browser sends it for a mail, an image or a bookmark: %s', (url) => {
    for (const headers of [{ 'sec-fetch-site': 'none' }, BROWSER, { referer: 'https://example.com/' }])
      expect(check(url, headers)).toThrow('with POST')
  })

  it.each(URLS)('is accepted from programs and from the page: %s', (url) => {
    for (const headers of [{}, { 'user-agent': 'curl/8.5.0' }, { 'sec-fetch-site': 'same-origin', ...BROWSER }])
      expect(check(url, headers)).not.toThrow()
  })

  it('can be replaced by POST, and is not confused with other routes', () => {
    expect(check('/_backup/export', { ...BROWSER, origin: 'http://127.0.0.1:3000' }, 'POST')).not.toThrow()
    for (const url of ['/_backup', '/_backup/jobs', '/_backup/jobs?kind=export', '/_backup/jobs/export/archive'])
      expect(check(url, { ...BROWSER, 'sec-fetch-site': 'none' })).not.toThrow()
  })

  it('is recognized for every route of the API that starts a workflow with GET', () => {
    const starting = ROUTES.filter(
      ({ methods, permissions }) => methods.some((one) => one !== 'POST') && permissions.startsWorkflows !== undefined,
    )
    expect(starting.length).toBeGreaterThan(0)
    for (const { path } of starting) expect(check(path, BROWSER)).toThrow('with POST')
  })
})
