import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ArchiveFilter } from '../../shared/catalogue/archive-search.ts'
import { ArchiveCatalogue } from '../../shared/catalogue/aws/archive-catalogue.ts'
import type { CataloguedArchive } from '../../shared/catalogue/catalogued-archive.ts'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import type { TestServers } from '../services.ts'
import { sampleArchive, withoutVersion } from './sample-archive.ts'

/** What every store of the catalogue must do, whatever server it uses. */
export const archiveCatalogueContract = (start: () => Promise<TestServers>): void => {
  describe('the stored catalogue of archives', () => {
    let servers: TestServers
    let catalogue: ArchiveCatalogue
    beforeAll(async () => {
      servers = await start()
      catalogue = new ArchiveCatalogue(servers.dynamo, servers.config.tables.jobs)
    })
    afterAll(() => servers.stop())

    /** Each test has an own year, so that it finds only its own archives. */
    const search = async (year: string, filter: ArchiveFilter = {}, size = 3): Promise<CataloguedArchive[]> => {
      const found: CataloguedArchive[] = []
      const bounds = { from: `${year}-01-01T00:00:00.000Z`, to: `${Number(year) + 1}-01-01T00:00:00.000Z` }
      for await (const { archives } of catalogue.search({ ...bounds, ...filter }, size))
        found.push(...archives.map(({ archive }) => archive))
      return found
    }
    const storedItem = async ({ key }: CataloguedArchive) => {
      const { Item } = await servers.dynamo.send(
        new GetItemCommand({
          TableName: servers.config.tables.jobs,
          Key: { pk: { S: `archive#${key}` }, sk: { S: 'archive' } },
          ConsistentRead: true,
        }),
      )
      return Item
    }
    const putAll = async (archives: readonly CataloguedArchive[]): Promise<void> => {
      for (const archive of archives) await catalogue.put(archive)
    }

    it('lists archives of several months, newest first', async () => {
      const days = ['2001-12-31', '2001-11-02', '2001-11-01', '2001-03-05', '2001-03-04', '2001-03-03', '2001-03-02']
      const archives = days.map((day) => sampleArchive(day))
      await putAll(archives.toReversed())
      expect(await search('2001')).toEqual(archives)
      expect(await search('2001', {}, 100)).toEqual(archives)
    })

    it('finds archives by schedule, model and completeness, also in combination', async () => {
      const requested = sampleArchive('2002-05-01')
      const nightly = sampleArchive('2002-04-02', { schedule: 'nightly' })
      const partial = sampleArchive('2002-04-01', { schedule: 'nightly', complete: false })
      const weekly = sampleArchive('2002-02-01', {
        schedule: 'weekly',
        scope: { models: ['memo'], filters: { qb: 'x' } },
      })
      await putAll([requested, nightly, partial, weekly])
      expect(await search('2002', { schedule: 'nightly' })).toEqual([nightly, partial])
      expect(await search('2002', { model: 'memo' })).toEqual([requested, nightly, partial, weekly])
      expect(await search('2002', { model: 'city' })).toEqual([requested, nightly, partial])
      expect(await search('2002', { complete: false })).toEqual([partial])
      expect(await search('2002', { complete: true, schedule: 'nightly', model: 'city' })).toEqual([nightly])
      expect(await search('2002', { schedule: 'weekly', model: 'city' })).toEqual([])
      expect(await search('2002', { model: 'cit' })).toEqual([])
    })

    it('includes the time `from`, and excludes the time `to`', async () => {
      const times = ['2003-06-30T23:59:59.999Z', '2003-07-01T00:00:00.000Z', '2003-08-01T00:00:00.000Z']
      const [before, first, after] = times.map((time) => sampleArchive(time))
      await putAll([before, first, after].flatMap((archive) => archive ?? []))
      expect(await search('2003', { from: times[1] ?? '', to: times[2] ?? '' })).toEqual([first])
      expect(await search('2003', { from: times[0] ?? '' })).toEqual([after, first, before])
      expect(await search('2003', { to: times[0] ?? '' })).toEqual([])
      expect(await search('2003', { from: times[2] ?? '', to: times[0] ?? '' })).toEqual([])
    })

    it('continues after every cursor, also if the archive of the cursor was removed', async () => {
      const archives = ['2004-09-01', '2004-03-03', '2004-03-02', '2004-03-01'].map((day) => sampleArchive(day))
      await putAll(archives)
      const bounds = { from: '2004-01-01T00:00:00.000Z', to: '2005-01-01T00:00:00.000Z' }
      const cursors: string[] = []
      for await (const step of catalogue.search(bounds, 10)) cursors.push(...step.archives.map(({ cursor }) => cursor))
      for (const archive of archives.slice(0, 2)) await catalogue.remove(archive)
      for (const [k, cursor] of cursors.entries()) {
        const rest: CataloguedArchive[] = []
        for await (const step of catalogue.search(bounds, 10, cursor))
          rest.push(...step.archives.map(({ archive }) => archive))
        expect(rest).toEqual(archives.slice(Math.max(2, k + 1)))
      }
    })

    it('rejects a text that is not a cursor', async () => {
      await expect(catalogue.search({}, 10, 'nonsense').next()).rejects.toThrow(InvalidRequestError)
    })

    it('returns empty steps with a cursor for entries that do not match', async () => {
      // Nine entries have more than the 1 MB that a query reads.
      const scope = { models: ['m'.repeat(150_000)] }
      const large = Array.from({ length: 9 }, (_, k) => sampleArchive(`2005-01-1${k}`, { scope }))
      const oldest = sampleArchive('2005-01-01', { schedule: 'rare' })
      for (const archive of [...large, oldest]) await catalogue.put(archive)
      const steps = await Array.fromAsync(
        catalogue.search({ from: '2005-01-01T00:00:00.000Z', to: '2006-01-01T00:00:00.000Z', schedule: 'rare' }, 10),
      )
      expect(steps.length).toBeGreaterThan(1)
      expect(steps[0]?.archives).toEqual([])
      const [next] = await Array.fromAsync(catalogue.search({ schedule: 'rare' }, 10, steps[0]?.cursor))
      expect(next?.archives.map(({ archive }) => archive)).toEqual([oldest])
    })

    it('stores the last check and the last proof of exactly one version of an archive', async () => {
      const archive = sampleArchive('2006-01-01')
      await catalogue.put(archive)
      const check = { at: '2006-02-01T00:00:00.000Z', job_id: 'c1', passed: true }
      const proof = { at: '2006-02-02T00:00:00.000Z', job_id: 'r1' }
      expect(await catalogue.recordCheck(archive, check)).toBe(true)
      expect(await catalogue.recordProof(archive, proof)).toBe(true)
      expect(await catalogue.get(archive.key)).toEqual({ ...archive, last_checked: check, last_proved: proof })
      for (const other of [
        { ...archive, etag: 'e2' },
        { ...archive, version_id: 'v2' },
        { ...archive, bucket: 'other' },
        { ...archive, key: 'exports/unknown.acbak' },
      ])
        expect(await catalogue.recordProof(other, { at: '2006-03-01T00:00:00.000Z', job_id: 'r2' })).toBe(false)
      expect(await catalogue.recordCheck(withoutVersion(archive), check)).toBe(false)
      expect(await catalogue.get(archive.key)).toEqual({ ...archive, last_checked: check, last_proved: proof })
      expect(await catalogue.get('exports/unknown.acbak')).toBeUndefined()
    })

    it('does not replace a check or a proof with an earlier one', async () => {
      const archive = sampleArchive('2007-01-01')
      await catalogue.put(archive)
      const late = { at: '2007-03-01T00:00:00.000Z', job_id: 'late' }
      await catalogue.recordProof(archive, late)
      expect(await catalogue.recordProof(archive, { at: '2007-02-01T00:00:00.000Z', job_id: 'early' })).toBe(false)
      expect(await catalogue.recordCheck(archive, { at: '2007-02-01T00:00:00.000Z', job_id: 'c', passed: false })).toBe(
        true,
      )
      expect(await catalogue.get(archive.key)).toMatchObject({ last_proved: late, last_checked: { passed: false } })
    })

    it('keeps the check and the proof of a version that is stored again, and forgets those of another version', async () => {
      const archive = sampleArchive('2008-01-01')
      const proof = { at: '2008-02-01T00:00:00.000Z', job_id: 'r' }
      await catalogue.put(archive)
      await catalogue.recordProof(archive, proof)
      const moved = { ...archive, created_at: '2008-05-05T05:05:05.555Z', complete: false }
      await catalogue.put(moved)
      expect(await search('2008')).toEqual([{ ...moved, last_proved: proof }])
      const replaced = { ...archive, etag: 'e2' }
      await catalogue.put(replaced)
      expect(await search('2008')).toEqual([replaced])
    })

    it('compares versions of objects that have no version id', async () => {
      const archive = withoutVersion(sampleArchive('2009-01-01'))
      await catalogue.put(archive)
      const proof = { at: '2009-02-01T00:00:00.000Z', job_id: 'r' }
      expect(await catalogue.recordProof({ ...archive, version_id: 'null' }, proof)).toBe(true)
    })

    it('removes archives by their keys, and an archive only in the version that was read', async () => {
      const [one, two, three] = ['2010-01-01', '2010-01-02', '2010-01-03'].map((day) => sampleArchive(day))
      if (one === undefined || two === undefined || three === undefined) return expect.fail()
      await putAll([one, two, three])
      await catalogue.removeKeys([one.key, 'exports/unknown.acbak'])
      await catalogue.remove({ ...two, etag: 'another' })
      await catalogue.remove(three)
      expect(await search('2010')).toEqual([two])
      const keys = (await Array.fromAsync(catalogue.entries())).map(({ key }) => key)
      expect(keys.filter((key) => [one.key, two.key, three.key].includes(key))).toEqual([two.key])
    })

    it('removes many archives at the same time', async () => {
      const archives = Array.from({ length: 40 }, (_, k) =>
        sampleArchive(`2014-01-${10 + (k % 20)}T00:00:00.${100 + k}Z`),
      )
      await putAll(archives)
      let running = 0
      let most = 0
      const remove = vi.spyOn(catalogue, 'remove').mockImplementation(async (archive) => {
        most = Math.max(most, ++running)
        await ArchiveCatalogue.prototype.remove.call(catalogue, archive)
        running--
      })
      await catalogue.removeKeys(archives.map(({ key }) => key))
      remove.mockRestore()
      expect(most).toBe(16)
      expect(await search('2014')).toEqual([])
    })

    it('no longer lists an archive that does not exist, and keeps what is known about it for 90 days', async () => {
      const [gone, other] = [sampleArchive('2015-01-02'), sampleArchive('2015-01-01')]
      await putAll([gone, other])
      const check = { at: '2015-02-01T00:00:00.000Z', job_id: 'c', passed: true }
      const proof = { at: '2015-02-02T00:00:00.000Z', job_id: 'r' }
      await catalogue.recordCheck(gone, check)
      await catalogue.recordProof(gone, proof)
      const now = new Date('2115-03-01T00:00:00.000Z')
      expect(await catalogue.unlist({ ...gone, etag: 'another' }, now)).toBe(false)
      expect(await search('2015')).toHaveLength(2)
      expect(await catalogue.unlist(gone, now)).toBe(true)
      expect(await search('2015')).toEqual([other])
      const keys = (await Array.fromAsync(catalogue.entries())).map(({ key }) => key)
      expect(keys).not.toContain(gone.key)
      expect((await storedItem(gone))?.['expires']).toEqual({ N: `${Date.parse('2115-05-30T00:00:00.000Z') / 1000}` })
      await catalogue.put(gone)
      expect(await search('2015')).toEqual([{ ...gone, last_checked: check, last_proved: proof }, other])
      expect(await storedItem(gone)).not.toHaveProperty('expires')
    })

    it('reads few entries if one of the first ones matches, and more in each further query', async () => {
      const entries = Array.from({ length: 1_000 }, (_, k) =>
        sampleArchive(`2016-01-01T00:00:${10 + Math.floor(k / 100)}.${100 + (k % 100)}Z`),
      )
      const rare = sampleArchive('2016-01-01T00:00:00.000Z', { schedule: 'rare-2016' })
      await pMap([...entries, rare], (archive) => catalogue.put(archive), { concurrency: 16 })
      const limits = async (filter: ArchiveFilter, until: number): Promise<unknown[]> => {
        const send = vi.spyOn(servers.dynamo, 'send')
        let found = 0
        const bounds = { from: '2016-01-01T00:00:00.000Z', to: '2017-01-01T00:00:00.000Z' }
        for await (const { archives } of catalogue.search({ ...bounds, ...filter }, 2)) {
          found += archives.length
          if (found >= until) break
        }
        const queries = send.mock.calls.flatMap(([{ input }]) => ('FilterExpression' in input ? [input] : []))
        send.mockRestore()
        return queries.map((input) => ('Limit' in input ? input.Limit : undefined))
      }
      expect(await limits({ complete: true }, 1)).toEqual([200])
      expect(await limits({ schedule: 'rare-2016' }, 1)).toEqual([200, 800, 3_200])
    })

    it('ignores entries without an archive, which a process can leave behind', async () => {
      const archive = sampleArchive('2011-01-01')
      await catalogue.put(archive)
      const entry = (await Array.fromAsync(catalogue.entries())).find(({ key }) => key === archive.key)
      if (entry === undefined) return expect.fail('there is no entry')
      await catalogue.removeEntry(entry)
      expect(await search('2011')).toEqual([])
    })

    it('stores an archive without models', async () => {
      const archive = sampleArchive('2012-01-01', { models: {}, scope: { models: [] } })
      await catalogue.put(archive)
      expect(await search('2012')).toEqual([archive])
      expect(await search('2012', { model: 'city' })).toEqual([])
    })

    it('accepts an archive whose key has 1,024 bytes', async () => {
      const archive = sampleArchive('2013-01-01', { key: `exports/${'k'.repeat(1010)}.acbak` })
      await catalogue.put(archive)
      expect(await search('2013')).toEqual([archive])
    })

    it('lists announced archives until they are withdrawn', async () => {
      expect(await catalogue.announced()).toEqual([])
      const announced = ['a', 'b'].map((job_id) => ({ job_id, created_at: '2026-01-01T00:00:00.000Z' }))
      for (const one of announced) await catalogue.announce(one)
      expect(await catalogue.announced()).toEqual(announced)
      await catalogue.withdraw('a')
      await catalogue.withdraw('unknown')
      expect(await catalogue.announced()).toEqual(announced.slice(1))
    })
  })
}
