import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type TestApi, finishExport, startTestApi } from './test-api.ts'

const ARCHIVES = 'specstar-archives'
const RESTORES = 'specstar-restores'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
  await api.services.objects.put(ARCHIVES, 'exports/other.acbak', Buffer.from('not yours'))
  await api.services.objects.put(RESTORES, '_slots/other.acbak', Buffer.from('not yours'))
})
afterAll(() => api.stop())

const Exported = z.object({ url: z.string() })
const Slot = z.object({ upload: z.object({ url: z.string(), headers: z.record(z.string(), z.string()) }) })

const download = async (): Promise<string> => {
  api.engine.script = finishExport(Buffer.from('an archive'))
  const response = await fetch(`${api.gateway.url}/country/export?wait=25`)
  return Exported.parse(await response.json()).url
}
const slot = async (): Promise<z.output<typeof Slot>['upload']> => {
  const response = await fetch(`${api.gateway.url}/_backup/import?on_duplicate=skip`, { method: 'POST' })
  return Slot.parse(await response.json()).upload
}

type Change = (url: URL) => unknown
const parameter =
  (name: string, value: string): Change =>
  (url) => {
    url.searchParams.set(name, value)
  }
const changed = (url: string, change: Change): URL => {
  const other = new URL(url)
  change(other)
  expect(other.href).not.toBe(url)
  return other
}

/** What no signed URL allows. */
const CHANGES: readonly (readonly [string, Change])[] = [
  ['a longer validity', parameter('X-Amz-Expires', '86400')],
  ['another start of its validity', parameter('X-Amz-Date', '20990101T000000Z')],
  ['other signed headers', parameter('X-Amz-SignedHeaders', 'host;x-amz-acl')],
  ['a listing of the bucket', parameter('list-type', '2')],
  ['a multipart upload', parameter('uploads', '')],
  ['the access control list of the object', parameter('acl', '')],
]

describe('the URL of an archive', () => {
  it('downloads the archive', async () => {
    const response = await fetch(await download())
    expect([response.status, await response.text()]).toEqual([200, 'an archive'])
  })

  it('does not accept the credentials of the API, so a client must not send them to the URL of a redirect', async () => {
    const url = await download()
    const token = await fetch(url, { headers: { 'x-amz-security-token': 'token of the session' } })
    expect([token.status, await token.text()]).toEqual([403, expect.stringContaining('x-amz-security-token')])
    const signed = await fetch(url, { headers: { authorization: 'AWS4-HMAC-SHA256 Credential=c' } })
    expect(signed.status).toBe(400)
  })

  it.each<readonly [string, Change]>([
    ...CHANGES,
    ['another archive', (url) => (url.pathname = `/${ARCHIVES}/exports/other.acbak`)],
    ['another bucket', (url) => (url.pathname = url.pathname.replace(ARCHIVES, RESTORES))],
    ['another version', parameter('versionId', 'other')],
    ['another file name', parameter('response-content-disposition', 'attachment; filename="evil.exe"')],
  ])('cannot be changed to %s', async (_what, change) => {
    expect((await fetch(changed(await download(), change))).status).toBe(403)
  })

  it.each(['PUT', 'DELETE', 'POST', 'HEAD'])('cannot be used with the method %s', async (method) => {
    const url = await download()
    expect((await fetch(url, { method })).status).toBe(403)
    expect(await (await fetch(url)).text()).toBe('an archive')
  })
})

describe('the URL of an upload slot', () => {
  it.each<readonly [string, Change]>([
    ...CHANGES,
    ['another slot', (url) => (url.pathname = `/${RESTORES}/_slots/new.acbak`)],
    ['a restore with another strategy', (url) => (url.pathname = `/${RESTORES}/overwrite/_all/new.acbak`)],
    ['another bucket', (url) => (url.pathname = url.pathname.replace(RESTORES, ARCHIVES))],
    ['a part of a multipart upload', parameter('partNumber', '1')],
  ])('cannot be changed to %s', async (_what, change) => {
    const { url, headers } = await slot()
    expect((await fetch(changed(url, change), { method: 'PUT', headers, body: 'x' })).status).toBe(403)
    const { pathname } = new URL(url)
    expect(await api.services.objects.head(RESTORES, pathname.slice(RESTORES.length + 2))).toBeUndefined()
  })

  it.each(['GET', 'DELETE', 'POST', 'HEAD'])('cannot be used with the method %s', async (method) => {
    const { url, headers } = await slot()
    expect((await fetch(url, { method, headers })).status).toBe(403)
  })

  it('cannot be used to copy an object that the caller may not read', async () => {
    const { url, headers } = await slot()
    const copyHeaders = { ...headers, 'x-amz-copy-source': `/${ARCHIVES}/exports/other.acbak` }
    expect((await fetch(url, { method: 'PUT', headers: copyHeaders })).status).toBe(403)
  })
})
