import type { GetObjectCommand } from '@aws-sdk/client-s3'
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import { MAX_EXTENTS } from '../../shared/restore/preflight/preflight.ts'
import { PREFLIGHT } from '../../shared/restore/messages/preflight.ts'
import { must } from '../../shared/values/must.ts'
import { memorySource } from '../archive/memory.ts'
import { segmentedArchive } from '../archive/segmented-archive.ts'
import { stableContents } from '../contents.ts'
import { buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const COUNT = 300
const SEGMENTS = 150
const names = Array.from({ length: COUNT }, (_, k) => `city-${k}`)
const blobs = new Map(names.slice(0, 50).map((name) => [`arms-${name}`, Buffer.from(`arms of ${name}`)]))

const stage = new AsyncLocalStorage<string>()
/** The reads of the archive, by stage. */
const reads = new Map<string, number>()
const runner = await startRunner({ callStage: (name, call) => stage.run(name, call) })

const cities = names.map((name) => {
  const arms = blobs.has(`arms-${name}`) ? { arms: { file_id: `arms-${name}`, size: 5 } } : {}
  return buildResource(runner.services.models, { model: 'city', id: name, payloads: [{ name, ...arms }] })
})
const archiveIn = (segments: number, resources = cities): Promise<Buffer> =>
  segmentedArchive({
    models: { city: resources.map(({ items }) => items) },
    segments,
    blobs: resources === cities ? blobs : new Map(),
    referring: ['city'],
    blobSegments: segments,
  })
const many = await archiveIn(SEGMENTS)
/** Without blobs, in 20 segments. */
const short = await archiveIn(20, cities.slice(-40))
const opened = await openArchive(memorySource(many))
const recordSegments = opened.segments.filter(({ model }) => model === 'city')

beforeAll(() => {
  runner.clients.s3.middlewareStack.add(
    (next) => (args) => {
      const { Key, Range } = args.input as Partial<GetObjectCommand['input']>
      const name = stage.getStore() ?? ''
      const isArchive = Key?.endsWith('/request.acbak') === true && Range !== undefined
      if (isArchive) reads.set(name, (reads.get(name) ?? 0) + 1)
      return next(args)
    },
    { step: 'initialize', name: 'countArchiveReads' },
  )
})
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
  await runner.deploy({}, LIMITS)
})

describe('an archive of many small segments', () => {
  it('has the segments that the tests need', () => {
    expect(recordSegments.length).toBeGreaterThan(140)
    expect(opened.segments.length - recordSegments.length).toBe(50)
  })

  it('is restored with as few map items and reads as the same content in few segments', async () => {
    const planned: unknown[] = []
    const contents: unknown[] = []
    const readsOf: Map<string, number>[] = []
    for (const archive of [await archiveIn(1), many]) {
      await runner.wipe()
      reads.clear()
      const job = await runner.restore(archive)
      expect(job.error).toBeUndefined()
      expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
      planned.push(job.planned)
      contents.push(stableContents(await runner.contents()))
      readsOf.push(new Map(reads))
    }
    expect(planned[1]).toEqual(planned[0])
    expect(contents[1]).toEqual(contents[0])
    const [few = new Map<string, number>(), most = new Map<string, number>()] = readsOf
    expect(most.get('preflight')).toBeGreaterThan(0)
    for (const [name, count] of most) expect.soft(count, name).toBeLessThanOrEqual((few.get(name) ?? 0) + 1)
  })

  it('is restored in many passes, each of which ends at a digest bucket of any segment', async () => {
    await runner.deploy({}, { seenBlobs: 0, passMs: 0 })
    const job = await runner.restore(short)
    expect(job.error).toBeUndefined()
    expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    const passes = await Array.fromAsync(runner.services.jobs.results(job.job_id, PREFLIGHT))
    expect(passes.length).toBeGreaterThan(20)
    expect((await runner.contents()).items.size).toBe(2 * 40)
  })

  it('is rejected if a tar header is damaged, even if no pass reads the whole segment', async () => {
    const damaged = Buffer.from(short)
    const { segments } = await openArchive(memorySource(short))
    const { offset } = must(segments[segments.length >> 1])
    damaged.write('1', offset + 100)
    for (const limits of [{}, { seenBlobs: 0 }]) {
      await runner.deploy({}, { ...LIMITS, ...limits })
      const job = await runner.restore(damaged)
      expect(job).toMatchObject({ status: 'failed', error: { type: 'archive-invalid' } })
      expect((await runner.contents()).items.size).toBe(0)
      await runner.freeLeases()
    }
  })

  it('is rolled back if another writer creates a resource of any segment', async () => {
    const theirs = buildResource(runner.services.models, {
      model: 'city',
      id: names[200] ?? '',
      payloads: [{ name: '' }],
    })
    runner.beforeStage('apply-records', () => writeToStore(runner.clients, theirs))
    const job = await runner.restore(many, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({ phase: 'rollback', error: { type: 'conflict', status: 409, id: names[200] } })
    expect((await runner.contents()).items.size).toBe(theirs.items.length)
  })

  it('is restored by ids of different segments, and the other resources are kept', async () => {
    const kept = buildResource(runner.services.models, { model: 'city', id: 'kept', payloads: [{ name: 'kept' }] })
    await writeToStore(runner.clients, kept)
    const ids = [3, 77, 150, 200, 299].map((k) => names[k] ?? '')
    const job = await runner.restore(many, { filters: { ids } })
    expect(job.error).toBeUndefined()
    expect(job).toMatchObject({ status: 'succeeded', result: { models: { city: { loaded: 5 } } } })
    expect(job.planned?.['apply-records']).toBe(1)
    const restored = [...(await runner.contents()).items.values()].flatMap(({ resource_id }) => resource_id?.S ?? [])
    expect(new Set(restored)).toEqual(new Set([...ids, 'kept']))
  })

  it('with more ranges than the result of a pass can describe is checked in several passes', async () => {
    await runner.deploy({}, { groupBytes: 0 })
    reads.clear()
    const job = await runner.restore(many)
    expect(job.error).toBeUndefined()
    expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    expect(job.planned).toMatchObject({ preflight: 1, 'apply-records': recordSegments.length })
    const passes = await Array.fromAsync(runner.services.jobs.results(job.job_id, PREFLIGHT))
    expect(passes.map(({ result }) => result.extents.length)).toEqual([
      MAX_EXTENTS,
      recordSegments.length - MAX_EXTENTS,
    ])
    // The passes of a process share the manifest, and read each segment with one request.
    for (const name of ['apply-records', 'verify'])
      expect.soft(reads.get(name), name).toBeLessThan(1.2 * recordSegments.length)
  })
})

describe('a dry run by ids of different segments', () => {
  it.each([0, LIMITS.groupBytes])('counts each resource once, with ranges of %i bytes', async (groupBytes) => {
    await runner.deploy({}, { groupBytes })
    const same = cities[150] ?? combine()
    const differing = buildResource(runner.services.models, {
      model: 'city',
      id: names[210] ?? '',
      payloads: [{ name: 'differs' }],
    })
    const targetOnly = buildResource(runner.services.models, { model: 'city', id: 'only', payloads: [{ name: 'x' }] })
    await writeToStore(runner.clients, combine(same, differing, targetOnly))
    const ids = [...[3, 77, 150, 210].map((k) => names[k] ?? ''), 'only']
    const job = await runner.restore(many, { filters: { ids }, dry_run: true })
    expect(job.result).toMatchObject({
      dry_run: { models: { city: { new: 2, same: 1, changed: 1, target_only: 1 } } },
    })
  })
})
