import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RESULT_COUNTERS } from '../../functions/http/result-counters.ts'
import { COMPOSE_PARTS, joinRound } from '../../shared/export/messages.ts'
import { progressOf } from '../../shared/jobs/progress.ts'
import { LIMITS, type Limits } from '../../shared/jobs/limits.ts'
import { CONVERT } from '../../shared/restore/messages/convert.ts'
import { stableContents, unfinishedUploads } from '../contents.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const MIB = 1024 * 1024

/** Each blob is a segment of its own, which S3 copies. A pass creates three parts. */
const limits = { passMs: 0, largeBlobBytes: 6 * MIB, hashStepBytes: 16 * MIB, copyPartBytes: 32 * MIB }
const runner = await startRunner({ limits })
const flags = Object.fromEntries(['a', 'b', 'c', 'd'].map((id) => [id, randomBytes(16 * MIB)]))
beforeEach(async () => {
  const countries = Object.keys(flags).map((id) =>
    buildResource(runner.services.models, { model: 'country', id, payloads: [{ name: id, flag: { file_id: id } }] }),
  )
  await writeToStore(runner.clients, combine(...countries, buildBlobs(flags)))
})
afterEach(() => runner.wipe())

/**
 * Exports the countries, restores them into an empty store, and expects the same store. Returns the id of the export.
 */
const roundTrip = async (): Promise<string> => {
  const before = stableContents(await runner.contents())
  const { job, archive } = await runner.export(['country'])
  await runner.wipe()
  expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
  expect(stableContents(await runner.contents())).toEqual(before)
  expect(await unfinishedUploads(runner.clients)).toEqual([])
  return job.job_id
}

describe('an archive that is composed', () => {
  it('by a map item in several passes contains all parts', async () => {
    const jobId = await roundTrip()
    const results = await Array.fromAsync(runner.services.jobs.results(jobId, COMPOSE_PARTS))
    expect(results.map(({ n, result }) => [n, result.parts.length, result.done])).toEqual([
      [0, 3, false],
      [0, 3, true],
    ])
  })

  it('by map items that are divided by bytes contains all parts', async () => {
    await runner.deploy({}, { bytesPerItem: 30 * MIB })
    const jobId = await roundTrip()
    await runner.deploy({}, { bytesPerItem: LIMITS.bytesPerItem })
    const results = await Array.fromAsync(runner.services.jobs.results(jobId, COMPOSE_PARTS))
    expect(results.map(({ n, result }) => [n, result.done])).toEqual([
      [0, true],
      [1, true],
      [2, true],
      [3, true],
    ])
  })

  it('after a round that joins its segments in several passes contains all segments', async () => {
    await runner.deploy({}, { maxParts: 1, maxJoins: 1 })
    let progress: unknown
    runner.beforeStage('finish-compose', async (job_id) => {
      const job = await runner.services.jobs.get(job_id)
      progress = job === undefined ? undefined : await progressOf(runner.services.jobs, job, RESULT_COUNTERS)
    })
    const jobId = await roundTrip()
    await runner.deploy({}, { maxParts: LIMITS.maxParts, maxJoins: LIMITS.maxJoins })
    const joined = await Array.fromAsync(runner.services.jobs.results(jobId, joinRound(0)))
    expect(joined.map(({ result }) => [result.done, result.object?.size !== undefined])).toEqual([
      [false, false],
      [true, true],
    ])
    // The map item that joins the segments counts, too.
    expect(progress).toMatchObject({ progress: { done: 2, total: 2 } })
  })

  it('from a converted stream in several passes is restored', async () => {
    const before = stableContents(await runner.contents())
    const { archive } = await runner.export(['country'], {}, true, 'specstar')
    await runner.wipe()
    await runner.deploy({}, { rangeBytes: MIB })
    const restored = await runner.restore(archive)
    await runner.deploy({}, { rangeBytes: LIMITS.rangeBytes })
    expect(restored).toMatchObject({ result: { verification: { passed: true } } })
    expect(stableContents(await runner.contents())).toEqual(before)
    const results = await Array.fromAsync(runner.services.jobs.results(restored.job_id, CONVERT))
    expect(results.filter(({ result }) => result.phase === 'finish').length).toBeGreaterThan(1)
    expect(await unfinishedUploads(runner.clients)).toEqual([])
  })
})

describe('the segments of a converted stream', () => {
  it.each<[string, Partial<Limits>, number]>([
    ['are as large as one map item of the restore', { rangeBytes: MIB }, 4],
    ['are larger if the archive would otherwise have too many parts', { rangeBytes: MIB, maxParts: 4 }, 2],
    ['end before their index is too large', { indexBytes: 1 }, 4],
  ])('%s', async (_, changed, count) => {
    const { archive } = await runner.export(['country'], {}, true, 'specstar')
    await runner.wipe()
    await runner.deploy({}, { passMs: LIMITS.passMs, largeBlobBytes: LIMITS.largeBlobBytes, ...changed })
    const restored = await runner.restore(archive)
    await runner.deploy({}, { ...LIMITS, ...limits })
    expect(restored).toMatchObject({ result: { verification: { passed: true } } })
    const results = await Array.fromAsync(runner.services.jobs.results(restored.job_id, CONVERT))
    const segments = results.flatMap(({ result }) => (result.phase === 'blobs' ? result.blob_segments : []))
    expect(segments).toHaveLength(count)
  })
})
