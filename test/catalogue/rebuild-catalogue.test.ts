import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { ArchiveCatalogue } from '../../shared/catalogue/aws/archive-catalogue.ts'
import type { CataloguedArchive } from '../../shared/catalogue/catalogued-archive.ts'
import { OtherBucketError } from '../../shared/catalogue/errors.ts'
import { rebuildCatalogue } from '../../shared/catalogue/rebuild-catalogue.ts'
import { JobStore } from '../../shared/jobs/aws/job-store.ts'
import type { ExportJob } from '../../shared/jobs/job.ts'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { must } from '../../shared/values/must.ts'
import { useServices, type TestServers } from '../services.ts'
import { fixture } from '../workflows/program.ts'
import { sampleArchive } from './sample-archive.ts'

let servers: TestServers
let archive: Buffer
let services: {
  readonly catalogue: ArchiveCatalogue
  readonly jobs: JobStore
  readonly objects: ObjectStore
  readonly config: TestServers['config']
}
beforeAll(async () => {
  servers = await useServices()
  archive = await fixture('single-v3.acbak')
  const { dynamo, s3, config } = servers
  services = {
    catalogue: new ArchiveCatalogue(dynamo, config.tables.jobs),
    jobs: new JobStore(dynamo, config.tables.jobs),
    objects: new ObjectStore(s3),
    config,
  }
})
afterAll(() => servers.stop())

const bucket = (): string => services.config.buckets.archives
const notListed = new Map<string, string>()
const progress = vi.fn()
const rebuild = () =>
  rebuildCatalogue(services, {
    onProgress: progress,
    onNotListed: (key, reason) => notListed.set(key, reason),
  })

const clear = async (): Promise<void> => {
  vi.restoreAllMocks()
  notListed.clear()
  const { catalogue, objects } = services
  for (const entry of await Array.fromAsync(catalogue.entries())) {
    await catalogue.removeKeys([entry.key])
    await catalogue.removeEntry(entry)
  }
  await objects.delete(
    bucket(),
    (await Array.fromAsync(objects.list(bucket()))).map(({ key }) => key),
  )
}
beforeEach(clear)

const put = (key: string, bytes = archive) => services.objects.put(bucket(), key, bytes)
const catalogued = async (): Promise<string[]> =>
  (await Array.fromAsync(services.catalogue.entries())).map(({ key }) => key).sort()

/** The first bytes of a stream: the length and the content of its header. */
const STREAM = Buffer.from([0, 0, 0, 16, 0x81, 0xa1, 0x74, 0xac, ...Buffer.from('HeaderRecord')])

describe('a rebuild of the catalogue', () => {
  it('adds the archives of requests and of schedules, as their manifests describe them', async () => {
    const requested = await put('exports/2026/01/01/a.acbak')
    const nightly = await put('scheduled/nightly/2026/01/02/s-nightly-20260102T030000Z.acbak')
    await put('reports/r.acbak')
    await put('exports/2026/01/01/a.txt')
    expect(await rebuild()).toEqual({ archives: 2, unreadable: 0, unfinished: 0, removed: 0 })
    expect(progress).toHaveBeenCalledWith({ archives: 1, unreadable: 0, unfinished: 0, removed: 0 })
    const known = must(await services.catalogue.get(requested.key))
    const { manifest } = await openArchive(services.objects.sourceOf(requested))
    expect(known).toEqual({
      ...requested,
      job_id: manifest.job_id,
      format: 'acbak',
      created_at: manifest.created_at,
      models: { guild: { resources: 1, revisions: 7, blobs: 4 } },
      scope: { models: manifest.scope.models },
      complete: true,
    })
    expect(await services.catalogue.get(nightly.key)).toMatchObject({
      schedule: 'nightly',
      version_id: nightly.version_id,
    })
    expect(await catalogued()).toEqual([requested.key, nightly.key].sort())
  })

  it('reads only the end and the manifest of an archive', async () => {
    await put('exports/2026/01/01/a.acbak')
    // A tar without a trailer, which would have to be read as a whole.
    await put('exports/2026/01/01/b.acbak', Buffer.concat([archive.subarray(0, 512), Buffer.alloc(512 * 1024)]))
    const read = vi.spyOn(services.objects, 'readBytes')
    const stream = vi.spyOn(services.objects, 'read')
    await rebuild()
    const bytes = read.mock.calls.reduce((sum, [, , length]) => sum + length, 0)
    expect(bytes).toBeLessThan(64 * 1024)
    expect(stream.mock.calls.length).toBe(read.mock.calls.length)
  })

  it('keeps the last check and the last proof of an archive, unless the archive was replaced', async () => {
    const [same, replaced] = ['exports/2026/01/01/a.acbak', 'exports/2026/01/01/b.acbak']
    await put(same)
    await put(replaced)
    await rebuild()
    const check = { at: '2026-02-01T00:00:00.000Z', job_id: 'c', passed: true }
    const proof = { at: '2026-02-02T00:00:00.000Z', job_id: 'r' }
    for (const key of [same, replaced]) {
      const known = must(await services.catalogue.get(key))
      await services.catalogue.recordCheck(known, check)
      await services.catalogue.recordProof(known, proof)
    }
    await put(replaced)
    await rebuild()
    expect(await services.catalogue.get(same)).toMatchObject({ last_checked: check, last_proved: proof })
    expect(await services.catalogue.get(replaced)).not.toHaveProperty('last_checked')
    expect(await services.catalogue.get(replaced)).not.toHaveProperty('last_proved')
  })

  it('keeps an archive that another process stores and catalogues after it was looked up', async () => {
    const { catalogue, objects } = services
    const key = 'exports/2026/01/01/a.acbak'
    await catalogue.put(sampleArchive('2026-01-01', { bucket: bucket(), key }))
    vi.spyOn(objects, 'head').mockImplementationOnce(async () => {
      await catalogue.put(sampleArchive('2026-01-01', { ...(await put(key)) }))
      return undefined
    })
    await rebuild()
    expect(await catalogue.get(key)).toBeDefined()
    expect(await catalogued()).toEqual([key])
  })

  it('removes archives that do not exist, and entries that a process has left behind', async () => {
    const { catalogue } = services
    await put('exports/2026/01/01/a.acbak')
    await catalogue.put(sampleArchive('2026-01-01', { bucket: bucket() }))
    const orphan = sampleArchive('2026-01-02', { bucket: bucket() })
    await catalogue.put(orphan)
    const entry = must((await Array.fromAsync(catalogue.entries())).find(({ key }) => key === orphan.key))
    await catalogue.removeKeys([orphan.key])
    vi.spyOn(catalogue, 'entries').mockImplementationOnce(async function* (this: ArchiveCatalogue) {
      yield entry
      yield* ArchiveCatalogue.prototype.entries.call(this)
    })
    expect(await rebuild()).toEqual({ archives: 1, unreadable: 0, unfinished: 0, removed: 2 })
    expect(await catalogued()).toEqual(['exports/2026/01/01/a.acbak'])
  })

  it('does not remove an archive, and does not count it, if another version of it is stored meanwhile', async () => {
    const { catalogue, objects } = services
    const gone = sampleArchive('2026-01-01', { bucket: bucket() })
    await catalogue.put(gone)
    vi.spyOn(objects, 'head').mockImplementationOnce(async () => {
      await catalogue.put({ ...gone, etag: 'another' })
      return undefined
    })
    expect(await rebuild()).toMatchObject({ removed: 0 })
    expect(await catalogued()).toEqual([gone.key])
  })

  it('keeps the entry of an archive that an export is just adding', async () => {
    const { key } = await put('exports/2026/01/01/a.acbak', Buffer.from('not an archive'))
    const removeEntry = vi.spyOn(services.catalogue, 'removeEntry')
    vi.spyOn(services.catalogue, 'entries').mockImplementationOnce(async function* () {
      await Promise.resolve()
      yield { month: '202601', sk: '2026-01-01T00:00:00.000Z#x', key }
    })
    expect(await rebuild()).toMatchObject({ removed: 0 })
    expect(removeEntry).not.toHaveBeenCalled()
  })

  it('reports archives that cannot be read, and keeps what is known about the same version', async () => {
    const damaged = await put('exports/2026/01/01/damaged.acbak', archive.subarray(0, archive.length - 1))
    await put('exports/2026/01/01/other.acbak', Buffer.from('not an archive'))
    await put('exports/2026/01/01/empty.acbak', Buffer.alloc(0))
    const known: CataloguedArchive = sampleArchive('2026-01-01', {
      ...damaged,
      version_id: damaged.version_id ?? 'null',
    })
    await services.catalogue.put(known)
    expect(await rebuild()).toEqual({ archives: 0, unreadable: 3, unfinished: 0, removed: 0 })
    expect([...notListed.keys()].sort()).toEqual(
      ['damaged', 'empty', 'other'].map((name) => `exports/2026/01/01/${name}.acbak`),
    )
    expect(notListed.get(damaged.key)).toContain('it has no trailer')
    expect(await catalogued()).toEqual([damaged.key])
  })

  it('adds a stream from its job, and keeps it when the job is gone', async () => {
    const { job_id, models, complete } = sampleArchive('2026-01-01')
    const stream = await put(`exports/2026/01/01/${job_id}.acbak`, STREAM)
    const lost = await put('exports/2026/01/01/lost.acbak', STREAM)
    const job: ExportJob = {
      job_id,
      kind: 'export',
      status: 'succeeded',
      source: 'api',
      requested_by: 'test',
      created_at: '2026-01-01T00:00:00.000Z',
      request: { models: ['city'], filters: {}, strict: true, format: 'specstar' },
      result: { archive: stream, models, complete, missing_blobs: { count: 0, ids: [] } },
    }
    await services.jobs.create(job)
    expect(await rebuild()).toEqual({ archives: 1, unreadable: 1, unfinished: 0, removed: 0 })
    expect(notListed.get(lost.key)).toContain('its job does not exist')
    expect(await services.catalogue.get(stream.key)).toMatchObject({ format: 'specstar', job_id })
    vi.spyOn(services.jobs, 'get').mockResolvedValue(undefined)
    expect(await rebuild()).toEqual({ archives: 1, unreadable: 1, unfinished: 0, removed: 0 })
    expect(await catalogued()).toEqual([stream.key])
  })

  it.each(['cancelled', 'failed'] as const)(
    'does not list the archive of an export that has ended as %s, and removes it from the catalogue',
    async (status) => {
      const { job_id } = sampleArchive('2026-01-01')
      const kept = await put('exports/2026/01/01/kept.acbak')
      const { key } = await put(`exports/2026/01/01/${job_id}-${status}.acbak`)
      await rebuild()
      expect(await catalogued()).toEqual([key, kept.key].sort())
      await services.jobs.create({
        job_id: `${job_id}-${status}`,
        kind: 'export',
        status,
        source: 'api',
        requested_by: 'test',
        created_at: '2026-01-01T00:00:00.000Z',
        request: { models: ['city'], filters: {}, strict: true, format: 'acbak' },
      })
      expect(await rebuild()).toEqual({ archives: 1, unreadable: 0, unfinished: 1, removed: 1 })
      expect(await catalogued()).toEqual([kept.key])
      expect(notListed.get(key)).toContain(status === 'failed' ? 'has failed' : 'was cancelled')
      expect(await services.objects.head(bucket(), key)).toBeDefined()
      expect(await rebuild()).toEqual({ archives: 1, unreadable: 0, unfinished: 1, removed: 0 })
    },
  )

  it('lists the archive of an export that is running, because the export may succeed', async () => {
    const { key } = await put('exports/2026/01/01/running.acbak')
    await services.jobs.create({
      job_id: 'running',
      kind: 'export',
      status: 'running',
      source: 'api',
      requested_by: 'test',
      created_at: '2026-01-01T00:00:00.000Z',
      request: { models: ['city'], filters: {}, strict: true, format: 'acbak' },
    })
    expect(await rebuild()).toMatchObject({ archives: 1 })
    expect(await catalogued()).toEqual([key])
  })

  it('changes nothing if the catalogue contains archives of another bucket', async () => {
    const other = sampleArchive('2026-01-01', { bucket: 'another-bucket' })
    await services.catalogue.put(other)
    await put('exports/2026/01/01/a.acbak')
    await expect(rebuild()).rejects.toThrow(OtherBucketError)
    expect(await catalogued()).toEqual([other.key])
  })

  it('stops at an error that says nothing about the archive, such as a denied request', async () => {
    await put('exports/2026/01/01/a.acbak')
    vi.spyOn(services.objects, 'readBytes').mockRejectedValue(new Error('denied'))
    await expect(rebuild()).rejects.toThrow('denied')
  })

  it('makes the catalogue equal to the bucket, whatever the catalogue contained before', async () => {
    const state = fc.record({
      inBucket: fc.boolean(),
      known: fc.constantFrom('absent', 'right', 'other version', 'other time', 'without entry'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(state, { maxLength: 4 }), async (archives) => {
        await clear()
        const expected: string[] = []
        for (const [k, { inBucket, known }] of archives.entries()) {
          const key = `exports/2026/01/01/${k}.acbak`
          const object = await put(key)
          if (known !== 'absent')
            await services.catalogue.put(
              sampleArchive(known === 'other time' ? '2020-02-02' : '2026-01-01', {
                ...object,
                ...(known === 'other version' ? { etag: 'other' } : {}),
              }),
            )
          if (known === 'without entry')
            for (const entry of await Array.fromAsync(services.catalogue.entries()))
              if (entry.key === key) await services.catalogue.removeEntry(entry)
          if (inBucket) expected.push(key)
          else await services.objects.delete(bucket(), [key])
        }
        await rebuild()
        const found: string[] = []
        for await (const step of services.catalogue.search({}, 10))
          for (const one of step.archives) {
            found.push(one.archive.key)
            expect(one.archive.models).toEqual({ guild: { resources: 1, revisions: 7, blobs: 4 } })
          }
        expect(found.sort()).toEqual(expected)
        expect(await catalogued()).toEqual(expected)
      }),
      { numRuns: 15, endOnFailure: true },
    )
  })
})
