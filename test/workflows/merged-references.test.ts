import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { RESULT_COUNTERS } from '../../functions/http/result-counters.ts'
import type { BlobReferenceList } from '../../shared/blobs/blob-reference-list.ts'
import { exportBlobs } from '../../shared/export/export-blobs.ts'
import { BLOB_PLAN, EXPORT_BLOBS, EXPORT_RECORDS } from '../../shared/export/messages.ts'
import { planExportBlobs } from '../../shared/export/plan-export-blobs.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import type { PassInput, PassOutput } from '../../shared/jobs/messages.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { progressOf } from '../../shared/jobs/progress.ts'
import { EXPORT_MERGE, PREFLIGHT_MERGE } from '../../shared/jobs/reference-merge.ts'
import type { ResultName, Stage } from '../../shared/jobs/stage.ts'
import { PREFLIGHT } from '../../shared/restore/messages/preflight.ts'
import { PREFLIGHT_BLOBS, RESTORE_BLOB_PLAN } from '../../shared/restore/messages/preflight-blobs.ts'
import { preflightBlobs } from '../../shared/restore/preflight/preflight-blobs.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { stableContents } from '../contents.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

/** The keys of the lists of references that one call of a handler has read, once for each request. */
interface Reads {
  readonly keys: string[]
}

const GetCall = z.object({ Bucket: z.string(), Key: z.string(), Range: z.string() })
const LIST_KEY = /\/(?:merged-)?references\//v

const current = new AsyncLocalStorage<Reads>()
/** The reads of all calls of the handlers, by stage. */
const calls = new Map<string, Reads[]>()
// Each pass over records ends after one digest bucket, and each pass over blobs after one blob.
const MANY_PASSES = { passMs: 0, watchMs: 3_600_000, blobsPerRange: 1 }
const runner = await startRunner({
  limits: { ...MANY_PASSES, listsPerPass: 2 },
  callStage: async (stage, call) => {
    const reads: Reads = { keys: [] }
    try {
      return await current.run(reads, call)
    } finally {
      calls.set(stage, [...(calls.get(stage) ?? []), reads])
    }
  },
})
beforeAll(() => {
  runner.clients.s3.middlewareStack.add(
    (next) => async (args) => {
      const { data } = GetCall.safeParse(args.input)
      if (data !== undefined && LIST_KEY.test(data.Key)) current.getStore()?.keys.push(data.Key)
      return next(args)
    },
    { step: 'initialize', name: 'countReads' },
  )
})
afterEach(async () => {
  await runner.wipe()
  await runner.deploy({}, { ...MANY_PASSES, listsPerPass: 2, seenBlobs: LIMITS.seenBlobs })
  calls.clear()
})

/** Writes cities, each with a blob of its own, with a blob that all of them share, and with a blob that is missing. */
const writeCities = async (count: number): Promise<void> => {
  const names = Array.from({ length: count }, (_, n) => `${count}-${n}`)
  const cities = names.map((name) => {
    const payload = { name, arms: { file_id: name, size: 1 }, map: { file_id: 'shared' }, plan: { file_id: 'lost' } }
    return buildResource(runner.services.models, { model: 'city', id: name, payloads: [payload] })
  })
  const blobs = buildBlobs(Object.fromEntries([...names, 'shared'].map((name) => [name, Buffer.from(name)])))
  await writeToStore(runner.clients, combine(...cities, blobs))
}

const keysRead = (...stages: readonly string[]): string[] =>
  stages.flatMap((stage) => calls.get(stage) ?? []).flatMap(({ keys }) => keys)
const isMerged = (key: string): boolean => key.includes('/merged-references/')

/** Returns the keys of the lists that are not empty. */
const listsOf = (results: readonly { readonly references: BlobReferenceList }[]): string[] =>
  results.flatMap(({ references: { object, blobs } }) => (blobs === 0 ? [] : [object.key]))

describe('the lists of references to blobs', () => {
  it.each(['acbak', 'specstar'] as const)(
    'are each read once by an export to %s, and passes read few of them',
    async (format) => {
      await writeCities(9)
      const { job } = await runner.export(['city'], {}, false, format)
      const written = await allResults(runner.services, job.job_id, EXPORT_RECORDS)
      expect(written.length).toBeGreaterThan(6)
      const original = keysRead('export-blobs', 'plan-export-blobs').filter((key) => !isMerged(key))
      // The first request reads the offsets, and the second request reads the lines.
      expect(original.toSorted()).toEqual(
        listsOf(written)
          .flatMap((key) => [key, key])
          .toSorted(),
      )
      const passes = (calls.get('export-blobs') ?? []).filter(({ keys }) => keys.some(isMerged))
      expect(passes.length).toBeGreaterThan(6)
      for (const { keys } of passes) expect(keys.length).toBeLessThanOrEqual(4)
    },
  )

  it('are each read once by a restore, and passes read few of them', async () => {
    await writeCities(9)
    const { archive } = await runner.export(['city'], {}, false)
    calls.clear()
    const { job_id } = await runner.restore(archive, { strict: false })
    const written = await allResults(runner.services, job_id, PREFLIGHT)
    expect(written.length).toBeGreaterThan(6)
    const original = keysRead('preflight-blobs').filter((key) => !isMerged(key))
    expect(original.toSorted()).toEqual(
      listsOf(written)
        .flatMap((key) => [key, key])
        .toSorted(),
    )
    const passes = (calls.get('preflight-blobs') ?? []).filter(({ keys }) => keys.some(isMerged))
    expect(passes.length).toBeGreaterThan(6)
    for (const { keys } of passes) expect(keys.length).toBeLessThanOrEqual(4)
  })

  it('are not merged if there are few', async () => {
    await runner.deploy({}, { listsPerPass: LIMITS.listsPerPass })
    await writeCities(4)
    const { job, archive } = await runner.export(['city'], {}, false)
    const restored = await runner.restore(archive, { strict: false })
    expect(await allResults(runner.services, job.job_id, EXPORT_MERGE)).toEqual([])
    expect(await allResults(runner.services, restored.job_id, PREFLIGHT_MERGE)).toEqual([])
    expect([...keysRead('export-blobs'), ...keysRead('preflight-blobs')].filter(isMerged)).toEqual([])
  })
})

describe('an export and a restore whose lists of references are merged', () => {
  it('lose no blob, and name the same referrers, although each merge needs several passes', async () => {
    await writeCities(9)
    const before = stableContents(await runner.contents())
    // Each merged list has the references of one prefix.
    await runner.deploy({}, { seenBlobs: 1 })
    let progress: unknown
    runner.beforeStage('plan-compose', async (job_id) => {
      const job = await runner.services.jobs.get(job_id)
      progress = job === undefined ? undefined : await progressOf(runner.services.jobs, job, RESULT_COUNTERS)
    })
    const { job, archive } = await runner.export(['city'], {}, false)
    const merges = await allResults(runner.services, job.job_id, EXPORT_MERGE)
    expect(merges.length).toBeGreaterThan(merges.filter(({ done }) => done).length)
    const items = (await runner.services.workFiles.read(BLOB_PLAN, job.job_id)).items.length
    expect(progress).toMatchObject({
      progress: { done: items + 2, total: items + 2 },
      counts: { blobs: 10, missing: 1 },
    })
    expect(job.result?.missing_blobs).toMatchObject({ count: 1, ids: ['lost'] })

    await runner.deploy({}, { listsPerPass: LIMITS.listsPerPass })
    const unmerged = await runner.export(['city'], {}, false)
    expect(job.result?.missing_blobs).toEqual(unmerged.job.result?.missing_blobs)
    await runner.deploy({}, { listsPerPass: 2 })
    await runner.wipe()
    const restored = await runner.restore(archive, { strict: false })
    expect(restored).toMatchObject({ status: 'partial', result: { verification: { passed: true } } })
    expect(stableContents(await runner.contents())).toEqual(before)
    expect((await allResults(runner.services, restored.job_id, PREFLIGHT_MERGE)).length).toBeGreaterThan(2)
  })

  it('keep their results if passes are attempted again after the next round has begun', async () => {
    await writeCities(6)
    const late = async (
      job_id: string,
      run: (input: PassInput, services: Services) => Promise<PassOutput>,
      stages: readonly Stage<unknown, ResultName>[],
    ): Promise<void> => {
      const results = (): Promise<unknown[]> =>
        Promise.all(stages.map((stage) => Array.fromAsync(runner.services.jobs.results(job_id, stage))))
      const [merged, exported] = await results()
      expect(await run({ job_id, n: 0, pass: 1, cursor: 'merge/1' }, runner.services)).toMatchObject({ more: false })
      // The late attempt has merged nothing, because the first pass has merged all lists of the group.
      expect(await results()).toEqual([
        (merged as unknown[]).toSpliced(
          1,
          0,
          expect.objectContaining({ n: 0, pass: 1, result: { done: true, lists: [] } }),
        ),
        exported,
      ])
      lateAttempts += 1
    }
    let lateAttempts = 0
    runner.beforeStage('plan-compose', (job_id) => late(job_id, exportBlobs, [EXPORT_MERGE, EXPORT_BLOBS]))
    const { archive } = await runner.export(['city'], {}, false)
    runner.beforeStage('decide', (job_id) => late(job_id, preflightBlobs, [PREFLIGHT_MERGE, PREFLIGHT_BLOBS]))
    await runner.wipe()
    expect(await runner.restore(archive, { strict: false })).toMatchObject({
      status: 'partial',
      result: { verification: { passed: true } },
    })
    expect(lateAttempts).toBe(2)
  })

  it('keep their results if a first pass is attempted again after the next round has begun', async () => {
    await writeCities(6)
    const { archive } = await runner.export(['city'], {}, false)
    await runner.wipe()
    let lateAttempts = 0
    runner.beforeStage('decide', async (job_id) => {
      const { items } = await runner.services.workFiles.read(RESTORE_BLOB_PLAN, job_id)
      const results = (): Promise<unknown> => Array.fromAsync(runner.services.jobs.results(job_id, PREFLIGHT_BLOBS))
      const before = await results()
      const n = items.length
      await expect(preflightBlobs({ job_id, n, pass: 0 }, runner.services)).rejects.toThrow(`has no item ${n}`)
      expect(await results()).toEqual(before)
      lateAttempts += 1
    })
    expect(await runner.restore(archive, { strict: false })).toMatchObject({
      status: 'partial',
      result: { missing_blobs: { count: 1 }, verification: { passed: true } },
    })
    expect(lateAttempts).toBe(1)
  })

  it('keep a plan that an earlier version has made without merging the lists', async () => {
    await runner.deploy({}, { listsPerPass: LIMITS.listsPerPass })
    await writeCities(6)
    const { job } = await runner.export(['city'], {}, false)
    const plan = await runner.services.workFiles.read(BLOB_PLAN, job.job_id)
    await runner.deploy({}, { listsPerPass: 2 })
    expect(await planExportBlobs(job, runner.services)).toMatchObject({ count: plan.items.length, more: false })
    expect(await runner.services.workFiles.read(BLOB_PLAN, job.job_id)).toEqual(plan)
  })
})
