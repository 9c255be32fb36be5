import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RestoreRequest } from '../../shared/jobs/job-request.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { APPLY_BLOBS, APPLY_RECORDS } from '../../shared/restore/messages/apply.ts'
import { PREFLIGHT } from '../../shared/restore/messages/preflight.ts'
import { PREFLIGHT_BLOBS } from '../../shared/restore/messages/preflight-blobs.ts'
import { VERIFY } from '../../shared/restore/messages/verify.ts'
import { idHashOf } from '../../shared/resources/keys.ts'
import { stableContents } from '../contents.ts'
import { buildBlobs, buildResource, combine, type StoreData, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'
import { type Call, callWithStage, nthCall, throttleCalls, throttledError } from './throttled-calls.ts'

const runner = await startRunner({ callStage: callWithStage })

const COUNTRIES = 200
/** Every tenth payload is spilled, so that it is read with a request of its own. */
const SPILLED = 20
let archive: Buffer
let full: ReturnType<typeof stableContents>

/** Countries with flags. All flags together are too large to be read with one request. */
const buildCountries = (count: number, name = 'country'): StoreData => {
  const { models } = runner.services
  const ids = Array.from({ length: count }, (_, k) => `${name}-${k}`)
  const countries = ids.map((id, k) =>
    buildResource(models, {
      model: 'country',
      id,
      payloads: [{ name: id, text: k % 10 === 0 ? id.repeat(40_000) : id, flag: { file_id: id } }],
    }),
  )
  return combine(
    ...countries,
    buildBlobs(Object.fromEntries(ids.map((id) => [id, Buffer.from(`flag ${id}`.padEnd(2_000))]))),
  )
}

beforeAll(async () => {
  await writeToStore(runner.clients, buildCountries(COUNTRIES))
  full = stableContents(await runner.contents())
  ;({ archive } = await runner.export(['country']))
  await runner.wipe()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await runner.freeLeases()
  await runner.wipe()
})

/** Restores the archive. Throttles call `n` (counted from 1) of those that match until its pass ends. */
const restoreThrottled = async (
  matches: (call: Call) => boolean,
  n: number,
  request: Partial<RestoreRequest> = {},
): Promise<{ readonly job: RestoreJob; readonly calls: number }> => {
  const calls = throttleCalls(runner, nthCall(n, matches))
  const job = await runner.restore(archive, request)
  vi.restoreAllMocks()
  expect(job.error).toBeUndefined()
  return { job, calls: calls.filter(matches).length }
}

/** Expects that no attempt of a pass has failed. */
const expectNoFailure = async ({ job_id }: RestoreJob): Promise<void> => {
  expect(await runner.services.jobs.failure(job_id, 'ThrottledError')).toBeUndefined()
}

describe('preflight', () => {
  const readsPayload = ({ stage, operation }: Call): boolean => stage === 'preflight' && operation === 'GetObject'

  it.each([4, 10])('hands over the digest buckets that it has checked, and does not check them again', async (left) => {
    const { calls: unthrottled } = await restoreThrottled(readsPayload, Infinity)
    await runner.wipe()
    const { job, calls } = await restoreThrottled(readsPayload, unthrottled - left)
    const results = await allResults(runner.services, job.job_id, PREFLIGHT)
    const resources = results.map(({ extents }) => extents.map((extent) => extent.resources))
    expect(results.map(({ done }) => done)).toEqual([false, true])
    expect(resources.flat().reduce((sum, count) => sum + count, 0)).toBe(COUNTRIES)
    expect(resources[0]?.[0]).toBeGreaterThan(10)
    // The second pass also opens the archive, and reads the segment again to verify its tar headers.
    expect(calls).toBeLessThanOrEqual(unthrottled + (unthrottled - SPILLED) + 3)
    await expectNoFailure(job)
    expect(job).toMatchObject({ result: { verification: { passed: true } } })
    expect(stableContents(await runner.contents())).toEqual(full)
  })

  it('returns the same result of a dry run if it hands over', async () => {
    const other = combine(buildCountries(70, 'other'), buildCountries(50))
    await writeToStore(runner.clients, other)
    const dryRun = { dry_run: true } as const
    const readsTarget = ({ stage, key }: Call): boolean => stage === 'preflight' && !/^(work|jobs)/.test(key)
    const { job, calls } = await restoreThrottled(readsTarget, Infinity, dryRun)
    const comparable = ({ result }: RestoreJob): object => ({ ...result, report: undefined })
    for (const part of [0.6, 0.75, 0.9]) {
      const throttled = await restoreThrottled(readsTarget, Math.floor(calls * part), dryRun)
      await expectNoFailure(throttled.job)
      expect(await allResults(runner.services, throttled.job.job_id, PREFLIGHT)).toHaveLength(2)
      expect(comparable(throttled.job)).toEqual(comparable(job))
    }
  })
})

describe('preflight-blobs', () => {
  it('hands over the blobs that it has compared, and does not compare them again', async () => {
    const comparesBlob = ({ stage, operation, key }: Call): boolean =>
      stage === 'preflight-blobs' && operation === 'HeadObject' && key.startsWith('blobs/')
    const { job, calls } = await restoreThrottled(comparesBlob, 100)
    const results = await allResults(runner.services, job.job_id, PREFLIGHT_BLOBS)
    expect(results.map(({ done }) => done)).toEqual([false, true])
    expect(results.map(({ blobs }) => blobs).reduce((sum, count) => sum + count, 0)).toBe(COUNTRIES)
    // Up to 16 blobs are compared at the same time.
    expect(calls).toBeLessThanOrEqual(COUNTRIES + 16)
    await expectNoFailure(job)
    expect(job).toMatchObject({ result: { verification: { passed: true } } })
    expect(stableContents(await runner.contents())).toEqual(full)
  })

  it('hands over the blobs that it has read, and does not read them again', async () => {
    // The blobs of these countries are not adjacent in the archive, so that most of them are read with an own request.
    const ids = Array.from({ length: 40 }, (_, k) => `country-${5 * k}`)
    const filters = { ids }
    const readsBlob = ({ stage, operation }: Call): boolean => stage === 'preflight-blobs' && operation === 'GetObject'
    const { calls: unthrottled } = await restoreThrottled(readsBlob, Infinity, { filters })
    await runner.wipe()
    const { job, calls } = await restoreThrottled(readsBlob, unthrottled - 3, { filters })
    const results = await allResults(runner.services, job.job_id, PREFLIGHT_BLOBS)
    expect(results.map(({ done }) => done)).toEqual([false, true])
    expect(results.map(({ blobs }) => blobs).reduce((sum, count) => sum + count, 0)).toBe(ids.length)
    expect(unthrottled).toBeGreaterThan(30)
    expect(calls).toBeLessThan(unthrottled + 20)
    await expectNoFailure(job)
    expect(job).toMatchObject({ result: { verification: { passed: true } } })
  })
})

describe('apply-blobs', () => {
  it('hands over the blobs of its first batch that it has written', async () => {
    const writesBlob = ({ stage, operation, key }: Call): boolean =>
      stage === 'apply-blobs' && operation === 'PutObject' && key.startsWith('blobs/')
    const { job, calls } = await restoreThrottled(writesBlob, 100)
    const results = await allResults(runner.services, job.job_id, APPLY_BLOBS)
    expect(results.map(({ done }) => done)).toEqual([false, true])
    expect(results.map(({ written }) => written).reduce((sum, count) => sum + count, 0)).toBe(COUNTRIES + SPILLED)
    // Up to 8 blobs are written at the same time.
    expect(calls).toBeLessThanOrEqual(COUNTRIES + 8)
    await expectNoFailure(job)
    expect(stableContents(await runner.contents())).toEqual(full)
  })
})

describe('apply-records', () => {
  /** The numbers of countries whose id hashes are in the same digest bucket. */
  const numbers = [
    8005, 26397, 44185, 82464, 89929, 108834, 239810, 242519, 251241, 258709, 357625, 412554, 425100, 453921, 497080,
    503649, 509684, 516759, 518459, 546839, 556270, 625302, 684789, 781933, 799976, 832038, 836382, 919496, 980569,
    983789, 1099461, 1109464, 1109933, 1115993, 1130858, 1145989, 1272547, 1280216, 1284916, 1340329, 1343170, 1348093,
    1484595, 1494402, 1616511, 1672780, 1746538, 1817951, 1851193, 1870788, 1874751, 1876260, 1938091, 1961347, 1964952,
    1970828, 2003028, 2096381, 2104767, 2131681, 2203828, 2207152, 2210292, 2301971, 2413303, 2449975, 2522757, 2581285,
    2676457, 2726259,
  ]
  const ids = numbers.map((number) => `country-${number}`)

  const buildBucket = (): StoreData =>
    combine(
      ...ids.map((id) =>
        buildResource(runner.services.models, {
          model: 'country',
          id,
          payloads: [{ name: id }, { name: `new ${id}` }],
        }),
      ),
    )

  it.each([
    ['overwrite', 'BatchWriteItem', 8],
    ['skip', 'PutItem', 200],
    ['raise_error', 'PutItem', 200],
  ] as const)(
    'hands over the resources of a digest bucket that it has written (%s)',
    async (on_duplicate, operation, n) => {
      expect(new Set(ids.map((id) => idHashOf(id).slice(0, 4))).size).toBe(1)
      await writeToStore(runner.clients, buildBucket())
      const before = stableContents(await runner.contents())
      const { archive: bucket } = await runner.export(['country'])
      await runner.wipe()
      const writes = (call: Call): boolean => call.stage === 'apply-records' && call.operation === operation
      throttleCalls(runner, nthCall(n, writes))
      const job = await runner.restore(bucket, { on_duplicate })
      vi.restoreAllMocks()
      const results = await allResults(runner.services, job.job_id, APPLY_RECORDS)
      expect(results.map(({ done }) => done)).toEqual([false, true])
      const loaded = results.map((result) => result.loaded)
      expect(loaded[0]).toBeGreaterThan(0)
      expect(loaded.reduce((sum, count) => sum + count, 0)).toBe(ids.length)
      await expectNoFailure(job)
      expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
      expect(stableContents(await runner.contents())).toEqual(before)
    },
  )
})

describe('rollback', () => {
  it('waits for its deletions before it hands over', async () => {
    const { models } = runner.services
    const payloads = Array.from({ length: 25 }, (_, k) => ({ name: `revision ${k}` }))
    await writeToStore(
      runner.clients,
      combine(
        ...Array.from({ length: 3 }, (_, k) => buildResource(models, { model: 'city', id: `city-${k}`, payloads })),
      ),
    )
    const { archive: cities } = await runner.export(['city'])
    await runner.wipe()
    runner.beforeStage('apply-records', () =>
      writeToStore(
        runner.clients,
        buildResource(models, { model: 'city', id: 'city-1', payloads: [{ name: 'other' }] }),
      ),
    )
    let deleting = 0
    let deletions = 0
    const { resources } = runner.services
    const openWriter = resources.writer.bind(resources)
    vi.spyOn(resources, 'writer').mockImplementation((options) => {
      const writer = openWriter(options)
      const remove = writer.removeIfAppliedBy.bind(writer)
      vi.spyOn(writer, 'removeIfAppliedBy').mockImplementation(async (...deletion) => {
        deletions += 1
        if (deletions === 35) throw throttledError()
        deleting += 1
        await sleep(20)
        const removed = await remove(...deletion)
        deleting -= 1
        return removed
      })
      return writer
    })
    const stored: number[] = []
    const keepResult = runner.services.jobs.keepResult.bind(runner.services.jobs)
    vi.spyOn(runner.services.jobs, 'keepResult').mockImplementation((...result) => {
      if (result[1].name === 'rollback') stored.push(deleting)
      return keepResult(...result)
    })
    const job = await runner.restore(cities, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({ status: 'failed', error: { type: 'conflict' } })
    expect(stored).toEqual([0, 0])
    const { items } = await runner.contents()
    expect(items.size).toBe(2)
  })
})

describe('verify', () => {
  it('hands over the resources that it has verified, and does not verify them again', async () => {
    const readsPayload = ({ stage, operation, key }: Call): boolean =>
      stage === 'verify' && operation === 'GetObject' && key.startsWith('payloads/')
    const { job, calls } = await restoreThrottled(readsPayload, 18)
    const results = await allResults(runner.services, job.job_id, VERIFY)
    expect(results.filter(({ done }) => !done)).toHaveLength(1)
    // A pass completes its checks after 64 resources, of which about 6 have spilled payloads.
    expect(calls).toBeLessThan(SPILLED + 12)
    await expectNoFailure(job)
    expect(job).toMatchObject({ result: { verification: { passed: true } } })
  })

  it('hands over the blobs of its first batch that it has verified', async () => {
    const readsBlob = ({ stage, operation, key }: Call): boolean =>
      stage === 'verify' && operation === 'HeadObject' && key.startsWith('blobs/')
    const { job, calls } = await restoreThrottled(readsBlob, 30)
    // Up to 8 blobs are read at the same time.
    expect(calls).toBeLessThanOrEqual(COUNTRIES + 8)
    await expectNoFailure(job)
    expect(job).toMatchObject({ result: { verification: { passed: true } } })
  })
})
