import { randomBytes } from 'node:crypto'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { CONVERT, type ConvertResult } from '../../shared/restore/messages/convert.ts'
import { stableContents } from '../contents.ts'
import { streamWithBadMemo, UNRESTORABLE_STREAMS } from './kinds/unrestorable-streams.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'
import { type Call, callWithStage, nthCall, throttleCalls } from './throttled-calls.ts'

/** A run has more than two pieces of 512 KiB, which are read with one request each. */
const limits = { runBytes: 1_200_000, mergedRuns: 3, blobsPerRange: 20, rangeBytes: 100_000 }
const COUNTRIES = 400
const FLAGS = 60
const runner = await startRunner({ callStage: callWithStage, limits })

let stream: Buffer
let full: ReturnType<typeof stableContents>
let unthrottled: { readonly calls: readonly Call[]; readonly phases: readonly string[] }

/**
 * Restores the stream. Throttles call `n` (counted from 1) of those that match until its pass ends, and the calls after
 * it that match, `count` calls in total.
 */
const restoreThrottled = async (
  matches: (call: Call) => boolean,
  n: number,
  count = 1,
): Promise<{
  readonly job: RestoreJob
  readonly calls: readonly Call[]
  readonly results: readonly ConvertResult[]
}> => {
  const isThrottled = nthCall(n, matches, count)
  const calls = throttleCalls(runner, (call) => call.stage === 'convert' && isThrottled(call))
  const job = await runner.restore(stream)
  vi.restoreAllMocks()
  expect(job.error).toBeUndefined()
  const results = await allResults(runner.services, job.job_id, CONVERT)
  return { job, calls: calls.filter(({ stage }) => stage === 'convert'), results }
}

beforeAll(async () => {
  const { models } = runner.services
  const ids = Array.from({ length: COUNTRIES }, (_, k) => `country-${k}`)
  const countries = ids.map((id, k) =>
    buildResource(models, {
      model: 'country',
      id,
      // The stream has 5 MB, so that it is read with two requests.
      payloads: [{ name: id, text: randomBytes(9_000).toString('base64'), flag: { file_id: `flag-${k % FLAGS}` } }],
    }),
  )
  const flags = buildBlobs(
    Object.fromEntries(Array.from({ length: FLAGS }, (_, k) => [`flag-${k}`, Buffer.from(`flag ${k}`)])),
  )
  await writeToStore(runner.clients, combine(...countries, flags))
  full = stableContents(await runner.contents())
  ;({ archive: stream } = await runner.export(['country'], {}, true, 'specstar'))
  await runner.wipe()
  const { calls, results } = await restoreThrottled(() => false, 1)
  unthrottled = { calls, phases: results.map(({ phase }) => phase) }
  await runner.wipe()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await runner.freeLeases()
  await runner.wipe()
})

describe('the conversion of a stream', () => {
  const reads =
    (name: RegExp) =>
    ({ operation, key }: Call): boolean =>
      operation === 'GetObject' && name.test(key)

  /** Returns the number of the last call of a phase that reads runs. A merge ends with the list of remaining runs. */
  const lastOf = (phase: 'merge' | 'records'): number => {
    const { calls } = unthrottled
    const merged = calls.findIndex(
      ({ operation, key }) => operation === 'PutObject' && key.includes('/remaining-runs/'),
    )
    return (phase === 'merge' ? calls.slice(0, merged) : calls).filter(reads(/\/runs\//)).length
  }

  it.each([
    ['scan', /request\.acbak$/, () => 3],
    ['merge', /\/runs\//, () => lastOf('merge')],
    ['records', /\/runs\//, () => lastOf('records')],
    ['blobs', /request\.acbak$/, () => 40],
  ])('hands over what it has finished in phase %s, and does not repeat it', async (phase, name, n) => {
    const before = unthrottled.calls.filter(reads(name)).length
    const { job, calls, results } = await restoreThrottled(reads(name), n())
    const phases = results.map((result) => result.phase)
    const ofPhase = (all: readonly string[]): number => all.filter((each) => each === phase).length
    expect([phases.length, ofPhase(phases)]).toEqual([unthrottled.phases.length + 1, ofPhase(unthrottled.phases) + 1])
    // The next pass opens the runs again, and up to 8 blobs were read ahead.
    expect(calls.filter(reads(name)).length).toBeLessThanOrEqual(before + 10)
    expect(await runner.services.jobs.failure(job.job_id, 'ThrottledError')).toBeUndefined()
    expect(job).toMatchObject({ result: { verification: { passed: true } } })
    expect(stableContents(await runner.contents())).toEqual(full)
  })

  it.each([/\/runs\//, /\/segments\//, /\/digests\//, /\/contents\//, /\/archive\//])(
    'writes again what was throttled (%s)',
    async (name) => {
      const { job, calls } = await restoreThrottled(
        ({ operation, key }) => operation === 'PutObject' && name.test(key),
        1,
      )
      expect(calls.length).toBeLessThan(unthrottled.calls.length + 40)
      expect(await runner.services.jobs.failure(job.job_id, 'ThrottledError')).toBeUndefined()
      expect(stableContents(await runner.contents())).toEqual(full)
    },
  )

  it('loses no record if a run is throttled until the end of the pass, and again while the pass hands over', async () => {
    const { job } = await restoreThrottled(
      ({ operation, key }) => operation === 'PutObject' && key.includes('/runs/'),
      1,
      2,
    )
    expect(job).toMatchObject({ status: 'succeeded', result: { models: { country: { loaded: COUNTRIES } } } })
    expect(stableContents(await runner.contents())).toEqual(full)
  })
})

it('lists a resource that cannot be restored also if the list is throttled', async () => {
  for (const { bad, what } of UNRESTORABLE_STREAMS) {
    const isThrottled = nthCall(
      1,
      ({ operation, key }) => operation === 'PutObject' && key.includes('/convert/faults/'),
    )
    const calls = throttleCalls(runner, isThrottled)
    const job = await runner.restore(streamWithBadMemo(bad))
    vi.restoreAllMocks()
    expect(job, what).toMatchObject({ status: 'failed', error: { type: 'archive-invalid' } })
    expect(calls.filter(({ key }) => key.includes('/convert/faults/')).length, what).toBeGreaterThan(1)
    await runner.freeLeases()
  }
})
