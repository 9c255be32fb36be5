import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())

const get = (path: string): Promise<Response> => fetch(`${api.gateway.url}${path}`)

/** Returns the paths of the files that the page loads. */
const filesOf = (html: string): string[] =>
  [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => `/${path ?? ''}`)

describe('GET /_backup', () => {
  it('returns a document that loads only files of this API', async () => {
    const response = await get('/_backup')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const files = filesOf(await response.text())
    expect(files).toHaveLength(3)
    for (const file of files) expect(file).toMatch(/^\/_backup\/ui\/[a-z]+-[A-Z0-9]{8}\.(js|css|svg)$/)
  })

  it('forbids inline scripts and styles, frames, forms and requests to other sites', async () => {
    const { headers } = await get('/_backup')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("connect-src 'self'")
    expect(policy).toContain("form-action 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|https?:|data:|\*/)
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-cache')
  })

  it('contains neither inline scripts nor inline styles nor addresses of other sites', async () => {
    const html = await (await get('/_backup')).text()
    expect(html).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*src=)|https?:\/\//)
  })

  it('rejects parameters', async () => {
    expect((await get('/_backup?x=1')).status).toBe(400)
  })
})

describe('GET /_backup/ui/{file}', () => {
  it('returns every file that the page loads, which browsers may keep', async () => {
    const types: Record<string, string> = {
      js: 'text/javascript; charset=utf-8',
      css: 'text/css; charset=utf-8',
      svg: 'image/svg+xml',
    }
    for (const file of filesOf(await (await get('/_backup')).text())) {
      const response = await get(file)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe(types[file.split('.').at(-1) ?? ''])
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect((await response.text()).length).toBeGreaterThan(100)
    }
  })

  it.each(['main.js', 'main-AAAAAAAA.js', '..%2Fpage.json', 'constructor', '__proto__', '%00'])(
    'rejects a name that is not a file of the page: %s',
    async (name) => {
      const response = await get(`/_backup/ui/${name}`)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ type: 'not-found' })
    },
  )
})
