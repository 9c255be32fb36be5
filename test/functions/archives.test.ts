import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CataloguedArchive } from '../../shared/catalogue/catalogued-archive.ts'
import { listArchives } from '../../shared/catalogue/list-archives.ts'
import type { ExportJob } from '../../shared/jobs/job.ts'
import { must } from '../../shared/values/must.ts'
import { ArchiveListView, ArchiveView } from '../../functions/http/archive-view.ts'
import { sampleArchive } from '../catalogue/sample-archive.ts'
import { counts, judgement } from '../schedules/sample-archives.ts'
import { startTestApi, type TestApi } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())
beforeEach(async () => {
  vi.restoreAllMocks()
  const { catalogue, objects, config } = api.services
  const listed = await Array.fromAsync(catalogue.entries())
  await catalogue.removeKeys(listed.map(({ key }) => key))
  await objects.delete(
    config.buckets.archives,
    listed.map(({ key }) => key),
  )
  for (const { job_id } of await catalogue.announced()) await catalogue.withdraw(job_id)
})

/** Writes the object of an archive, and adds it to the catalogue. */
const add = async (created: string, more: Partial<CataloguedArchive> = {}): Promise<CataloguedArchive> => {
  const { objects, catalogue, config } = api.services
  const archive = sampleArchive(created, more)
  const archived = { ...archive, ...(await objects.put(config.buckets.archives, archive.key, Buffer.from('x'))) }
  await catalogue.put(archived)
  return archived
}

const get = async (path: string): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${api.gateway.url}/_backup/archives${path}`)
  return { status: response.status, body: await response.json() }
}
const list = async (query = ''): Promise<ArchiveListView> => {
  const { status, body } = await get(query)
  expect({ status, body }).toMatchObject({ status: 200 })
  return ArchiveListView.parse(body)
}
const keys = async (query = ''): Promise<string[]> => (await list(query)).archives.map(({ key }) => key)

/** Returns the keys of all pages. */
const allKeys = async (limit: number, query = ''): Promise<string[]> => {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await list(`?limit=${limit}${query}${cursor === undefined ? '' : `&cursor=${cursor}`}`)
    expect(page.archives.length).toBeLessThanOrEqual(limit)
    found.push(...page.archives.map(({ key }) => key))
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

const deleteObject = ({ bucket, key }: CataloguedArchive): Promise<unknown> =>
  api.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))

describe('GET /_backup/archives', () => {
  it('lists archives, newest first, with what is known about them', async () => {
    const requested = await add('2026-02-01', { scope: { models: ['city'], filters: { created_bys: ['x'] } } })
    const nightly = await add('2026-03-01', { schedule: 'nightly', complete: false, format: 'specstar' })
    const check = { at: '2026-03-02T00:00:00.000Z', job_id: 'c', passed: false }
    const proof = { at: '2026-03-03T00:00:00.000Z', job_id: 'r' }
    await api.services.catalogue.recordCheck(nightly, check)
    await api.services.catalogue.recordProof(nightly, proof)
    // `toEqual` ignores members whose value is undefined.
    expect((await get('')).body).toEqual({
      archives: [
        {
          ...nightly,
          etag: undefined,
          source: 'schedule',
          suspicious: false,
          last_checked: check,
          last_proved: proof,
        },
        { ...requested, etag: undefined, source: 'api', suspicious: false },
      ],
    })
  })

  it('is empty for an empty catalogue', async () => {
    expect((await get('')).body).toEqual({ archives: [] })
  })

  it('filters by schedule, model, completeness and time', async () => {
    const [a, b, c] = [
      await add('2026-01-01', { schedule: 'nightly' }),
      await add('2026-02-01', { schedule: 'weekly', scope: { models: ['memo'] } }),
      await add('2026-03-01', { complete: false }),
    ]
    expect(await keys('?schedule=nightly')).toEqual([a.key])
    expect(await keys('?model=city')).toEqual([c.key, a.key])
    expect(await keys('?complete=no')).toEqual([c.key])
    expect(await keys('?complete=1&model=memo')).toEqual([b.key, a.key])
    expect(await keys('?from=2026-02-01T00:00:00Z')).toEqual([c.key, b.key])
    expect(await keys('?to=2026-02-01T00:00:00Z')).toEqual([a.key])
    expect(await keys('?from=2026-02-01T01:00:00%2B01:00&to=2026-02-01T00:00:00.001Z')).toEqual([b.key])
    expect(await keys('?schedule=none')).toEqual([])
  })

  it('returns every archive once on pages of any size, and no cursor on the last page', async () => {
    const archives: CataloguedArchive[] = []
    for (let k = 0; k < 12; k++)
      archives.push(await add(`2026-0${1 + (k % 3)}-1${k % 10}`, k % 2 === 0 ? { schedule: 'nightly' } : {}))
    const newest = archives.toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1))
    const all = await keys()
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
      { numRuns: 12 },
    )
    expect(await list('?limit=12')).not.toHaveProperty('cursor')
    expect(await list('?limit=11')).toHaveProperty('cursor')
  })

  it('does not list deleted or replaced archives, and forgets them', async () => {
    const [deleted, replaced, kept] = [await add('2026-01-03'), await add('2026-01-02'), await add('2026-01-01')]
    await deleteObject(deleted)
    await api.services.objects.put(replaced.bucket, replaced.key, Buffer.from('another'))
    expect(await list('?limit=1')).toMatchObject({ archives: [{ key: kept.key }] })
    const { catalogue } = api.services
    expect(await catalogue.get(deleted.key)).toBeUndefined()
    expect(await catalogue.get(replaced.key)).toBeUndefined()
    expect((await Array.fromAsync(catalogue.entries())).map(({ key }) => key)).toEqual([kept.key])
  })

  it('lists the other archives although a deleted one cannot be removed', async () => {
    const [deleted, kept] = [await add('2026-01-02'), await add('2026-01-01')]
    await deleteObject(deleted)
    vi.spyOn(api.services.catalogue, 'unlist').mockRejectedValue(new Error('no'))
    expect(await keys()).toEqual([kept.key])
  })

  it('shows how the archive of a schedule was judged and what was decided about it', async () => {
    const states = ['good', 'incomplete', 'suspicious', 'confirmed', 'rejected'] as const
    for (const [k, state] of states.entries()) {
      const { key } = await add(`2026-01-0${9 - k}`, { schedule: 'nightly' })
      await api.services.archiveJudgements.keep('nightly', judgement(1, { memo: counts(3) }, { key, state }))
    }
    await add('2026-01-01', { schedule: 'nightly' })
    const { archives } = await list()
    expect(archives.map(({ suspicious, decision }) => [suspicious, decision])).toEqual([
      [false, undefined],
      [false, undefined],
      [true, undefined],
      [true, 'confirmed'],
      [true, 'rejected'],
      [false, undefined],
    ])
  })

  it('shows the time until which an archive is locked', async () => {
    const archive = await add('2026-01-01')
    const until = new Date(Date.now() + 3_600_000)
    const { ETag, VersionId } = await api.s3.send(
      new PutObjectCommand({
        Bucket: archive.bucket,
        Key: archive.key,
        Body: 'x',
        ObjectLockMode: 'GOVERNANCE',
        ObjectLockRetainUntilDate: until,
      }),
    )
    await api.services.catalogue.put({
      ...archive,
      etag: must(ETag).replaceAll('"', ''),
      version_id: must(VersionId),
    })
    expect((await list()).archives[0]?.locked_until).toBe(until.toISOString())
    api.clock.ahead = 2 * 3_600_000
    expect((await list()).archives[0]).not.toHaveProperty('locked_until')
    api.clock.ahead = 0
  })

  it('ends a page of large archives before the response exceeds the limit of Lambda', async () => {
    const filters = { ids: Array.from({ length: 40 }, () => '"'.repeat(1_000)) }
    const added: string[] = []
    for (let k = 0; k < 60; k++)
      added.push((await add(`2026-01-01T00:00:00.0${10 + k}Z`, { scope: { models: ['city'], filters } })).key)
    const sizes: number[] = []
    const found: string[] = []
    let cursor: string | undefined
    do {
      const response = await fetch(
        `${api.gateway.url}/_backup/archives?limit=200${cursor === undefined ? '' : `&cursor=${cursor}`}`,
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
      const sends = [vi.spyOn(api.dynamo, 'send'), vi.spyOn(api.s3, 'send')] as const
      expect((await list(query)).archives.length).toBeGreaterThan(0)
      const counts = [sends[0].mock.calls.length, sends[1].mock.calls.length] as const
      for (const send of sends) send.mockRestore()
      return counts
    }
    const queries = ['?limit=5', '?limit=5&model=city', '?limit=5&to=2026-03-01T00:00:00Z']
    for (let k = 0; k < 12; k++) await add(`2026-02-01T00:00:00.${100 + k}Z`)
    const small = new Map<string, readonly number[]>()
    for (const query of queries) small.set(query, await calls(query))
    for (let k = 0; k < 150; k++) await add(`2026-0${1 + (k % 2)}-01T01:00:00.${100 + k}Z`)
    for (const [query, counts] of small) expect(await calls(query), query).toEqual(counts)
  })

  it('ends a page after its time, and the next page continues', async () => {
    const added: string[] = []
    for (let k = 0; k < 5; k++) {
      const archive = await add(`2026-01-0${9 - k}`)
      if (k === 4) added.push(archive.key)
      else await deleteObject(archive)
    }
    let pages = 0
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await listArchives(api.services, { limit: 1, ...(cursor === undefined ? {} : { cursor }) }, 0)
      pages++
      found.push(...page.archives.map(({ archive }) => archive.key))
      ;({ cursor } = page)
    } while (cursor !== undefined)
    expect(found).toEqual(added)
    expect(pages).toBeGreaterThan(2)
  })
})

describe('an archive that its export could not add to the catalogue', () => {
  const exported = async (status: ExportJob['status']): Promise<ExportJob> => {
    const { objects, jobs, config } = api.services
    const { job_id, key, models, complete } = sampleArchive('2026-01-01')
    const archive = await objects.put(config.buckets.archives, key, Buffer.from('x'))
    const job: ExportJob = {
      job_id,
      kind: 'export',
      status,
      source: 'api',
      requested_by: 'test',
      created_at: new Date().toISOString(),
      request: { models: ['city', 'memo'], filters: {}, strict: true, format: 'acbak' },
      result: { archive, models, complete, missing_blobs: { count: 0, ids: [] } },
    }
    await jobs.create(job)
    await api.services.catalogue.announce({ job_id, created_at: '2026-01-01T00:00:00.000Z' })
    return job
  }

  it('is added by the next listing', async () => {
    for (const status of ['succeeded', 'partial'] as const) {
      const { job_id, result } = await exported(status)
      expect(await list('?limit=1')).toMatchObject({
        archives: [{ job_id, key: must(result).archive.key, created_at: '2026-01-01T00:00:00.000Z' }],
      })
      await api.services.catalogue.removeKeys([must(result).archive.key])
    }
    expect(await api.services.catalogue.announced()).toEqual([])
  })

  it('is not added while the export is running, or if the export failed', async () => {
    const running = await exported('running')
    await exported('failed')
    await api.services.catalogue.announce({ job_id: 'deleted', created_at: '2026-01-01T00:00:00.000Z' })
    expect(await keys()).toEqual([])
    expect(await api.services.catalogue.announced()).toMatchObject([{ job_id: running.job_id }])
  })

  it('does not prevent the listing if it still cannot be added', async () => {
    const { key } = await add('2026-01-01')
    await exported('succeeded')
    const { job_id } = await exported('succeeded')
    vi.spyOn(api.services.catalogue, 'put').mockRejectedValueOnce(new Error('no'))
    expect(await keys()).toContain(key)
    const announced = await api.services.catalogue.announced()
    expect(announced).toHaveLength(1)
    expect([job_id, announced[0]?.job_id]).not.toContain(undefined)
    expect(await keys()).toHaveLength(3)
  })
})

describe('GET /_backup/archives/latest', () => {
  const latest = async (query = ''): Promise<string> => {
    const { status, body } = await get(`/latest${query}`)
    expect({ status, body }).toMatchObject({ status: 200 })
    return ArchiveView.parse(body).key
  }

  it('returns the newest archive that exists and matches', async () => {
    const [old, partial, gone] = [
      await add('2025-01-01', { schedule: 'nightly' }),
      await add('2026-01-01', { complete: false }),
      await add('2026-02-01'),
    ]
    await deleteObject(gone)
    expect(await latest()).toBe(partial.key)
    expect(await latest('?complete=true')).toBe(old.key)
    expect(await latest('?schedule=nightly&model=memo')).toBe(old.key)
  })

  it('responds with 404 if no archive matches, and describes what was searched', async () => {
    await add('2026-01-01')
    const { status, body } = await get('/latest?schedule=none&model=city&complete=true')
    expect({ status, body }).toMatchObject({
      status: 404,
      body: {
        type: 'no-archive',
        detail: 'there is no archive of schedule "none" of model "city" that is complete in the archive bucket',
      },
    })
  })

  it('continues a search whose page has ended without a match', async () => {
    const archives = [await add('2026-01-04'), await add('2026-01-03'), await add('2026-01-02')]
    const kept = await add('2026-01-01')
    for (const archive of archives) await deleteObject(archive)
    const { objects } = api.services
    const head = objects.head.bind(objects)
    // Each lookup takes as long as a page.
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    vi.spyOn(objects, 'head').mockImplementation((...location) => {
      now += 4_000
      return head(...location)
    })
    expect(await latest()).toBe(kept.key)
  })

  it('responds with 503 if the search takes too long', async () => {
    const archives: CataloguedArchive[] = []
    for (let k = 0; k < 9; k++) archives.push(await add(`2026-01-0${k + 1}`))
    for (const archive of archives.slice(1)) await deleteObject(archive)
    const { objects } = api.services
    const head = objects.head.bind(objects)
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    vi.spyOn(objects, 'head').mockImplementation((...location) => {
      now += 4_000
      return head(...location)
    })
    expect(await get('/latest')).toMatchObject({ status: 503, body: { type: 'search-timeout' } })
    vi.restoreAllMocks()
    // The first search has removed some of the deleted archives.
    expect((await Array.fromAsync(api.services.catalogue.entries())).length).toBeLessThan(9)
    expect(await latest()).toBe(archives[0]?.key)
  })
})
