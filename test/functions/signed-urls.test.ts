import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Doors, exportedAs, openDoors } from './doors.ts'

const ARCHIVES = 'specstar-archives'
const RESTORES = 'specstar-restores'

let doors: Doors
beforeAll(async () => {
  doors = await openDoors()
  await doors.services.objects.put(ARCHIVES, 'exports/other.acbak', Buffer.from('not yours'))
  await doors.services.objects.put(RESTORES, '_slots/other.acbak', Buffer.from('not yours'))
})
afterAll(() => doors.stop())

const Exported = z.object({ url: z.string() })
const Slot = z.object({ upload: z.object({ url: z.string(), headers: z.record(z.string(), z.string()) }) })

const download = async (): Promise<string> => {
  doors.engine.play = exportedAs(Buffer.from('an archive'))
  const response = await fetch(`${doors.gateway.url}/country/export?wait=25`)
  return Exported.parse(await response.json()).url
}
const slot = async (): Promise<z.output<typeof Slot>['upload']> => {
  const response = await fetch(`${doors.gateway.url}/_backup/import?on_duplicate=skip`, { method: 'POST' })
  return Slot.parse(await response.json()).upload
}

type Turn = (url: URL) => unknown
const parameter =
  (name: string, value: string): Turn =>
  (url) => {
    url.searchParams.set(name, value)
  }
const turned = (url: string, turn: Turn): URL => {
  const other = new URL(url)
  turn(other)
  expect(other.href).not.toBe(url)
  return other
}

const ANY: readonly (readonly [string, Turn])[] = [
  ['more time', parameter('X-Amz-Expires', '86400')],
  ['another beginning of its time', parameter('X-Amz-Date', '20990101T000000Z')],
  ['other headers', parameter('X-Amz-SignedHeaders', 'host;x-amz-acl')],
  ['a list of what there is', parameter('list-type', '2')],
  ['a multipart upload', parameter('uploads', '')],
  ['the rights of the object', parameter('acl', '')],
]

describe('the URL of an archive', () => {
  it('gives the archive', async () => {
    const response = await fetch(await download())
    expect([response.status, await response.text()]).toEqual([200, 'an archive'])
  })

  it.each<readonly [string, Turn]>([
    ...ANY,
    ['another archive', (url) => (url.pathname = `/${ARCHIVES}/exports/other.acbak`)],
    ['another bucket', (url) => (url.pathname = url.pathname.replace(ARCHIVES, RESTORES))],
    ['another version', parameter('versionId', 'other')],
    ['another name for the file', parameter('response-content-disposition', 'attachment; filename="evil.exe"')],
  ])('cannot be turned to %s', async (_to, turn) => {
    expect((await fetch(turned(await download(), turn))).status).toBe(403)
  })

  it.each(['PUT', 'DELETE', 'POST', 'HEAD'])('cannot be turned to %s', async (method) => {
    const url = await download()
    expect((await fetch(url, { method })).status).toBe(403)
    expect(await (await fetch(url)).text()).toBe('an archive')
  })
})

describe('the URL of a slot', () => {
  it.each<readonly [string, Turn]>([
    ...ANY,
    ['another slot', (url) => (url.pathname = `/${RESTORES}/_slots/new.acbak`)],
    ['a restore with another strategy', (url) => (url.pathname = `/${RESTORES}/overwrite/_all/new.acbak`)],
    ['another bucket', (url) => (url.pathname = url.pathname.replace(RESTORES, ARCHIVES))],
    ['one part of many', parameter('partNumber', '1')],
  ])('cannot be turned to %s', async (_to, turn) => {
    const { url, headers } = await slot()
    expect((await fetch(turned(url, turn), { method: 'PUT', headers, body: 'x' })).status).toBe(403)
    const { pathname } = new URL(url)
    expect(await doors.services.objects.head(RESTORES, pathname.slice(RESTORES.length + 2))).toBeUndefined()
  })

  it.each(['GET', 'DELETE', 'POST', 'HEAD'])('cannot be turned to %s', async (method) => {
    const { url, headers } = await slot()
    expect((await fetch(url, { method, headers })).status).toBe(403)
  })

  it('takes no copy of what the caller could not read', async () => {
    const { url, headers } = await slot()
    const copying = { ...headers, 'x-amz-copy-source': `/${ARCHIVES}/exports/other.acbak` }
    expect((await fetch(url, { method: 'PUT', headers: copying })).status).toBe(403)
  })
})
