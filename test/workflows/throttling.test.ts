import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { startExport } from '../../shared/export/start-export.ts'
import { EXPORT_BLOBS } from '../../shared/export/messages.ts'
import type { ExportJob, RestoreJob } from '../../shared/jobs/job.ts'
import { Lease } from '../../shared/jobs/lease.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { APPLY_RECORDS } from '../../shared/restore/messages/apply.ts'
import { startRestoreFrom } from '../../shared/restore/start/start-restore.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import type { Fault } from '../faults/fault-middleware.ts'
import { FaultHarness } from '../faults/fault-harness.ts'
import { sampleContents } from '../faults/sample-contents.ts'

const CALLER = { requestedBy: 'test' }
const EMPTY: StoreContents = { items: new Map(), objects: new Map() }
/** With this time limit, calls of a stage are repeated for 0.45 seconds. */
const TIMEOUT_MS = 3_600

let harness: FaultHarness
let full: StoreContents

/** Starts the stores, and fills `full` with the contents that a complete restore writes. */
const start = async (timeoutMs?: number): Promise<void> => {
  harness = await FaultHarness.start({ rangeBytes: 400_000 }, 'requests', timeoutMs)
  full = await sampleContents(harness)
}

const runExport = async (): Promise<ExportJob> => {
  const request = { models: ['guild', 'item'], filters: {}, strict: true, format: 'acbak' } as const
  const job = await harness.run((services) => startExport(services, request, CALLER))
  if (job.kind !== 'export') throw new Error('the job is not an export')
  return job
}
const runRestore = async (job_id: string): Promise<RestoreJob> => {
  const request = { filters: {}, on_duplicate: 'raise_error', dry_run: false } as const
  const job = await harness.run((services) => startRestoreFrom(services, request, { job_id }, CALLER))
  if (job.kind !== 'restore') throw new Error('the job is not a restore')
  return job
}

type Plan = (call: {
  readonly n: number
  readonly command: string
  readonly target?: string | undefined
}) => Fault | undefined

/** Throttles one call until the end of its pass: call `n` of an operation on a table or a bucket. */
const throttleCall = (n: number, operation: string, target: RegExp): Plan => {
  let calls = 0
  return (call) => {
    if (call.command !== `${operation}Command` || !target.test(call.target ?? '')) return undefined
    calls += 1
    return calls === n ? { kind: 'throttle', attempts: Infinity } : undefined
  }
}

/** Exports the store, empties it, restores it, and expects the same contents and that all checks pass. */
const roundTrip = async (plan: Plan) => {
  await harness.putContents(full)
  harness.arm(plan)
  const exported = await runExport()
  harness.disarm()
  strictEqual(exported.status, 'succeeded', exported.error?.detail)
  await harness.putContents(EMPTY)
  harness.arm(plan)
  const restored = await runRestore(exported.job_id)
  harness.disarm()
  strictEqual(restored.status, 'succeeded', restored.error?.detail)
  expect(restored.result?.verification).toMatchObject({ passed: true })
  deepStrictEqual(stableContents(await harness.contents()), stableContents(full))
  return { exported, restored }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a job whose calls are throttled', () => {
  beforeAll(() => start())
  afterAll(() => harness.stop())

  it('ends as if they were not, even if each of many calls needs 200 attempts', async () => {
    // All waits become as short as possible.
    vi.spyOn(Math, 'random').mockReturnValue(0)
    let throttled = 0
    const { exported, restored } = await roundTrip(({ n }) => {
      if (n % 25 !== 0) return undefined
      throttled += 1
      return { kind: 'throttle', attempts: 200 }
    })
    expect(throttled).toBeGreaterThan(10)
    for (const { job_id } of [exported, restored]) {
      const [first] = await harness.services.jobs.throttled.recent(job_id)
      expect(first?.by).toMatch(/^(DynamoDB table|S3 bucket) /)
      expect(first?.attempts).toBeGreaterThan(0)
    }
  })
})

describe('a throttled write of a blob', () => {
  beforeAll(() => start())
  afterAll(() => harness.stop())

  it('checks the lease before each of its attempts', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const check = vi.spyOn(Lease.prototype, 'check')
    const checks = async (attempts: number): Promise<number> => {
      check.mockClear()
      let isThrottled = false
      await roundTrip(({ command, target }) => {
        if (isThrottled || command !== 'PutObjectCommand' || !/blobs/.test(target ?? '')) return undefined
        isThrottled = true
        return { kind: 'throttle', attempts }
      })
      return check.mock.calls.length
    }
    const few = await checks(0)
    expect(await checks(500)).toBeGreaterThanOrEqual(few + 400)
  })
})

describe('a job with calls that are throttled until the end of a pass', () => {
  beforeAll(() => start(TIMEOUT_MS))
  afterAll(() => harness.stop())

  it.each([3, 7])('ends as if they were not (call %s of each kind)', async (which) => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const counts = new Map<string, number>()
    let throttled = 0
    await roundTrip(({ command }) => {
      const count = (counts.get(command) ?? 0) + 1
      counts.set(command, count)
      if (count !== which) return undefined
      throttled += 1
      return { kind: 'throttle', attempts: Infinity }
    })
    expect(throttled).toBeGreaterThan(2)
  })

  it('hands over the blobs that a pass has exported', async () => {
    const { exported } = await roundTrip(throttleCall(5, 'GetObject', /blobs/))
    const results = await allResults(harness.services, exported.job_id, EXPORT_BLOBS)
    expect(results.filter(({ done, blobs }) => !done && blobs > 0)).toHaveLength(1)
    expect(results.reduce((sum, { blobs }) => sum + blobs, 0)).toBe(4)
    expect(await harness.services.jobs.failure(exported.job_id, 'ThrottledError')).toBeUndefined()
  })

  it('hands over the digest buckets that a pass has restored', async () => {
    // The restore writes 36 items. The last one belongs to one of the last digest buckets of its pass.
    const { restored } = await roundTrip(throttleCall(36, 'PutItem', /resources/))
    const results = await allResults(harness.services, restored.job_id, APPLY_RECORDS)
    expect(results.filter(({ done, loaded }) => !done && loaded > 0)).toHaveLength(1)
    expect(results.reduce((sum, { loaded }) => sum + loaded, 0)).toBe(12)
    expect(await harness.services.jobs.failure(restored.job_id, 'ThrottledError')).toBeUndefined()
  })
})
