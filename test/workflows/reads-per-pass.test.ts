import { AsyncLocalStorage } from 'node:async_hooks'
import { beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { LIMITS } from '../../shared/jobs/limits.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

/** The items of the job table that one call of a handler has read. */
interface Reads {
  count: number
}

const JobTableCall = z.object({
  TableName: z.string(),
  Key: z.unknown().optional(),
})

const current = new AsyncLocalStorage<Reads>()
/** The reads of all calls of the handlers, by stage. */
const calls = new Map<string, number[]>()

// There are as many map items as resources and blobs.
const limits = { watchMs: 3_600_000, seenBlobs: 0, blobsPerRange: 1, runBytes: 300, mergedRuns: 3 }
const runner = await startRunner({
  limits,
  callStage: async (stage, call) => {
    const reads = { count: 0 }
    try {
      return await current.run(reads, call)
    } finally {
      calls.set(stage, [...(calls.get(stage) ?? []), reads.count])
    }
  },
})
beforeAll(() => {
  runner.clients.dynamo.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const { TableName, Key } = JobTableCall.safeParse(args.input).data ?? { TableName: '' }
      const reads = current.getStore()
      if (reads === undefined || TableName !== runner.clients.config.tables.jobs) return result
      if ('Count' in result.output) reads.count += Math.max(1, result.output.Count ?? 0)
      else if ('Item' in result.output && Key !== undefined) reads.count += 1
      return result
    },
    { step: 'initialize', name: 'countReads' },
  )
})

/** Exports and restores a store with `count` cities. Each refers to a blob, and to a country that does not exist. */
const roundTrip = async (count: number, format: 'acbak' | 'specstar'): Promise<ReadonlyMap<string, number[]>> => {
  await runner.wipe()
  await runner.deploy({}, { passMs: LIMITS.passMs, rangeBytes: LIMITS.rangeBytes })
  const names = Array.from({ length: count }, (_, n) => `${count}-${n}`)
  const cities = names.map((name) => {
    const payload = { name, country: `nowhere-${name}`, arms: { file_id: name, size: name.length } }
    return buildResource(runner.services.models, { model: 'city', id: name, payloads: [payload] })
  })
  const blobs = buildBlobs(Object.fromEntries(names.map((name) => [name, Buffer.from(name)])))
  await writeToStore(runner.clients, combine(...cities, blobs))
  calls.clear()
  const { archive } = await runner.export(['city'], {}, true, format)
  await runner.wipe()
  // Each pass of a conversion processes one digest bucket or one blob.
  await runner.deploy({}, { passMs: format === 'specstar' ? 0 : LIMITS.passMs, rangeBytes: 1 })
  const job = await runner.restore(archive)
  expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
  return new Map(calls)
}

const WORKERS = [
  'export-records',
  'export-blobs',
  'compose-parts',
  'preflight',
  'preflight-blobs',
  'apply-blobs',
  'apply-records',
  'verify',
]

describe('the reads of the job table', () => {
  it('of one pass do not increase with the number of map items', async () => {
    const few = await roundTrip(3, 'acbak')
    const many = await roundTrip(16, 'acbak')
    for (const stage of WORKERS) {
      const [readsOfFew = [], readsOfMany = []] = [few.get(stage), many.get(stage)]
      if (stage !== 'compose-parts') expect.soft(readsOfMany.length, stage).toBeGreaterThan(2 * readsOfFew.length)
      expect.soft(Math.max(...readsOfMany), stage).toBe(Math.max(...readsOfFew))
    }
  })

  it('of the passes of a conversion increase in proportion to the number of passes', async () => {
    const [few = [], many = []] = [await roundTrip(3, 'specstar'), await roundTrip(16, 'specstar')].map((reads) =>
      reads.get('convert'),
    )
    const perPass = (reads: readonly number[]): number => reads.reduce((sum, count) => sum + count, 0) / reads.length
    expect(many.length).toBeGreaterThan(2 * few.length)
    expect(perPass(many)).toBeLessThan(1.5 * perPass(few))
  })
})
