import { describe, expect, it, vi } from 'vitest'
import { ArchiveView } from '../../functions/http/archive-view.ts'
import type { CataloguedArchive } from '../../shared/catalogue/catalogued-archive.ts'
import { startArchiveRoutes } from './archive-routes.ts'

const routes = startArchiveRoutes()

describe('GET /_backup/archives/latest', () => {
  const latest = async (query = ''): Promise<string> => {
    const { status, body } = await routes.get(`/latest${query}`)
    expect({ status, body }).toMatchObject({ status: 200 })
    return ArchiveView.parse(body).key
  }

  it('returns the newest archive that exists and matches', async () => {
    const [old, partial, gone] = [
      await routes.add('2025-01-01', { schedule: 'nightly' }),
      await routes.add('2026-01-01', { complete: false }),
      await routes.add('2026-02-01'),
    ]
    await routes.deleteObject(gone)
    expect(await latest()).toBe(partial.key)
    expect(await latest('?complete=true')).toBe(old.key)
    expect(await latest('?schedule=nightly&model=memo')).toBe(old.key)
  })

  it('responds with 404 if no archive matches, and describes what was searched', async () => {
    await routes.add('2026-01-01')
    const { status, body } = await routes.get('/latest?schedule=none&model=city&complete=true')
    expect({ status, body }).toMatchObject({
      status: 404,
      body: {
        type: 'no-archive',
        detail: 'there is no archive of schedule "none" of model "city" that is complete in the archive bucket',
      },
    })
  })

  /** Makes each lookup of an object take as long as a page of the search. */
  const slowDownLookups = (): void => {
    const { objects } = routes.api.services
    const head = objects.head.bind(objects)
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    vi.spyOn(objects, 'head').mockImplementation((...location) => {
      now += 4_000
      return head(...location)
    })
  }

  it('continues a search whose page has ended without a match', async () => {
    const archives = [await routes.add('2026-01-04'), await routes.add('2026-01-03'), await routes.add('2026-01-02')]
    const kept = await routes.add('2026-01-01')
    for (const archive of archives) await routes.deleteObject(archive)
    slowDownLookups()
    expect(await latest()).toBe(kept.key)
  })

  it('responds with 503 if the search takes too long', async () => {
    const archives: CataloguedArchive[] = []
    for (let k = 0; k < 9; k++) archives.push(await routes.add(`2026-01-0${k + 1}`))
    for (const archive of archives.slice(1)) await routes.deleteObject(archive)
    slowDownLookups()
    expect(await routes.get('/latest')).toMatchObject({ status: 503, body: { type: 'search-timeout' } })
    vi.restoreAllMocks()
    // The first search has removed some of the deleted archives.
    expect((await Array.fromAsync(routes.api.services.catalogue.entries())).length).toBeLessThan(9)
    expect(await latest()).toBe(archives[0]?.key)
  })
})
