import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { startExport } from '../../shared/export/start-export.ts'
import type { ExportJob, RestoreJob } from '../../shared/jobs/job.ts'
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

/** Exports the store, empties it, restores it, and expects the same contents and that all checks pass. */
const roundTrip = async (plan: (call: { readonly n: number; readonly command: string }) => Fault | undefined) => {
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
})
