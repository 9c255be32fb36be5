import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ArchiveListView } from '../../functions/http/archive-view.ts'
import type { CataloguedArchive } from '../../shared/catalogue/catalogued-archive.ts'
import { listArchives } from '../../shared/catalogue/list-archives.ts'
import { startArchiveRoutes } from './archive-routes.ts'

const routes = startArchiveRoutes()

/** Returns the keys of all pages. */
const allKeys = async (limit: number, query = ''): Promise<string[]> => {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await routes.list(`?limit=${limit}${query}${cursor === undefined ? '' : `&cursor=${cursor}`}`)
    expect(page.archives.length).toBeLessThanOrEqual(limit)
    found.push(...page.archives.map(({ key }) => key))
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

describe('a page of GET /_backup/archives', () => {
  it('returns every archive once on pages of any size, and no cursor on the last page', async () => {
    const archives: CataloguedArchive[] = []
    for (let k = 0; k < 12; k++)
      archives.push(await routes.add(`2026-0${1 + (k % 3)}-1${k % 10}`, k % 2 === 0 ? { schedule: 'nightly' } : {}))
    const newest = archives.toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1))
    const all = await routes.keys()
    expect(new Set(all)).toEqual(new Set(newest.map(({ key }) => key)))
    const expected = { '': all, '&schedule=nightly': all.filter((key) => key.startsWith('scheduled/')) }
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 14 }),
        fc.constantFrom<keyof typeof expected>('', '&schedule=nightly'),
        async (limit, query) => {
          expect(await allKeys(limit, query)).toEqual(expected[query])
        },
      ),
      { numRuns: 12, endOnFailure: true },
    )
    expect(await routes.list('?limit=12')).not.toHaveProperty('cursor')
    expect(await routes.list('?limit=11')).toHaveProperty('cursor')
  })

  it('ends a page of large archives before the response exceeds the limit of Lambda', async () => {
    const filters = { ids: Array.from({ length: 40 }, () => '"'.repeat(1_000)) }
    const added: string[] = []
    for (let k = 0; k < 60; k++)
      added.push((await routes.add(`2026-01-01T00:00:00.0${10 + k}Z`, { scope: { models: ['city'], filters } })).key)
    const sizes: number[] = []
    const found: string[] = []
    let cursor: string | undefined
    do {
      const response = await fetch(
        `${routes.api.gateway.url}/_backup/archives?limit=200${cursor === undefined ? '' : `&cursor=${cursor}`}`,
      )
      const text = await response.text()
      sizes.push(Buffer.byteLength(JSON.stringify(text)))
      const page = ArchiveListView.parse(JSON.parse(text))
      found.push(...page.archives.map(({ key }) => key))
      ;({ cursor } = page)
    } while (cursor !== undefined)
    expect(found).toEqual(added.toReversed())
    expect(sizes.length).toBeGreaterThan(1)
    for (const size of sizes) expect(size).toBeLessThan(6 * 1024 * 1024)
  })

  it('makes the same calls for a page of a large catalogue as for one of a small catalogue', async () => {
    const calls = async (query: string): Promise<readonly [dynamoDb: number, s3: number]> => {
      const sends = [vi.spyOn(routes.api.dynamo, 'send'), vi.spyOn(routes.api.s3, 'send')] as const
      expect((await routes.list(query)).archives.length).toBeGreaterThan(0)
      const counts = [sends[0].mock.calls.length, sends[1].mock.calls.length] as const
      for (const send of sends) send.mockRestore()
      return counts
    }
    const queries = ['?limit=5', '?limit=5&model=city', '?limit=5&to=2026-03-01T00:00:00Z']
    for (let k = 0; k < 12; k++) await routes.add(`2026-02-01T00:00:00.${100 + k}Z`)
    const small = new Map<string, readonly number[]>()
    for (const query of queries) small.set(query, await calls(query))
    for (let k = 0; k < 150; k++) await routes.add(`2026-0${1 + (k % 2)}-01T01:00:00.${100 + k}Z`)
    for (const [query, counts] of small) expect(await calls(query), query).toEqual(counts)
  })

  it('ends a page after its time, and the next page continues', async () => {
    const added: string[] = []
    for (let k = 0; k < 5; k++) {
      const archive = await routes.add(`2026-01-0${9 - k}`)
      if (k === 4) added.push(archive.key)
      else await routes.deleteObject(archive)
    }
    let pages = 0
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await listArchives(routes.api.services, { limit: 1, ...(cursor === undefined ? {} : { cursor }) }, 0)
      pages++
      found.push(...page.archives.map(({ archive }) => archive.key))
      ;({ cursor } = page)
    } while (cursor !== undefined)
    expect(found).toEqual(added)
    expect(pages).toBeGreaterThan(2)
  })
})
