import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import * as z from 'zod'
import type { Job, RestoreJob } from '../../shared/jobs/job.ts'
import type { RestoreRequest } from '../../shared/jobs/job-request.ts'
import { startExport } from '../../shared/export/start-export.ts'
import { startRestoreFrom } from '../../shared/restore/start/start-restore.ts'
import { startUploadedRestore } from '../../shared/restore/start/start-upload.ts'
import type { ArchiveSourceRequest } from '../../shared/restore/request.ts'
import { type StoreContents, stableContents, unfinishedUploads } from '../contents.ts'
import { damagedContents, sampleContents } from './sample-contents.ts'
import { type Scenario, sweep } from './sweep.ts'
import { SEED, tally } from './seeded.ts'
import { FaultHarness, type FaultyLayer } from './fault-harness.ts'

/**
 * One of this number of calls fails: few calls in `npm test`, and every call within a few rounds of `npm run
 * test:faults`.
 */
const STRIDE = Number(process.env['FAULT_STRIDE'] ?? 151)
/** The number of runs per scenario in which two calls fail. */
const PAIRS = Number(process.env['FAULT_PAIRS'] ?? 1)
const HOURS_MS = 7_200_000

const EMPTY: StoreContents = { items: new Map(), objects: new Map() }
const EXPORT = { models: ['guild', 'item'], filters: {}, strict: true, format: 'acbak' } as const

/** The store of a layer's scenarios: it was filled, exported, and restored from its archive. */
class SweepFixture {
  readonly #layer: FaultyLayer
  #harness: FaultHarness | undefined
  #full: StoreContents = EMPTY
  #archive: ArchiveSourceRequest = { job_id: '' }

  constructor(layer: FaultyLayer) {
    this.#layer = layer
  }

  get harness(): FaultHarness {
    if (this.#harness === undefined) throw new Error('setUp was not called')
    return this.#harness
  }

  /** The contents of the store after a complete restore. */
  get full(): StoreContents {
    return this.#full
  }

  async setUp(): Promise<void> {
    this.#harness = await FaultHarness.start({ rangeBytes: 400_000 }, this.#layer)
    await this.harness.putContents(await sampleContents(this.harness))
    const job = await this.runExport()
    expect(job.error).toBeUndefined()
    this.#archive = { job_id: job.job_id }
    await this.harness.putContents(EMPTY)
    expect((await this.runRestore('raise_error')).error).toBeUndefined()
    this.#full = await this.harness.contents()
  }

  async tearDown(): Promise<void> {
    await this.#harness?.stop()
  }

  runExport(): Promise<Job> {
    const idempotencyKey = randomUUID()
    return this.harness.run((services) => startExport(services, EXPORT, { requestedBy: 'test', idempotencyKey }))
  }

  async runRestore(on_duplicate: RestoreRequest['on_duplicate']): Promise<RestoreJob> {
    const idempotencyKey = randomUUID()
    const request = { filters: {}, on_duplicate, dry_run: false }
    const job = await this.harness.run((services) =>
      startRestoreFrom(services, request, this.#archive, { requestedBy: 'test', idempotencyKey }),
    )
    if (job.kind !== 'restore') throw new Error('the job is not a restore')
    return job
  }

  async archiveBytes(): Promise<Buffer> {
    const job = await this.harness.services.jobs.get('job_id' in this.#archive ? this.#archive.job_id : '')
    if (job?.kind !== 'export' || job.result === undefined) throw new Error('the export has no archive')
    const { bucket: Bucket, key: Key } = job.result.archive
    const { Body } = await this.harness.clients.s3.send(new GetObjectCommand({ Bucket, Key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }

  async expectNoUnfinishedUploads(): Promise<void> {
    deepStrictEqual(await unfinishedUploads(this.harness.clients, { withParts: true }), [])
  }

  /** Sweeps a scenario, prints a summary, and requires that every run succeeds. */
  async sweep(task: TestContext['task'], scenario: Scenario): Promise<void> {
    const name = `${this.#layer} ${task.name}`
    const options = { name, stride: STRIDE, seed: SEED, pairs: PAIRS }
    const { calls, swept, injected, failures } = await sweep(this.harness, scenario, options)
    console.info(`${name}: ${calls} calls, ${injected} faults injected, ${failures.length} runs failed (seed ${SEED})`)
    tally(task, { 'calls swept': swept, 'faults injected': injected })
    expect(failures).toEqual([])
    expect(injected).toBeGreaterThan(0)
  }
}

const describeLayer = (layer: FaultyLayer, defineTests: (fixture: SweepFixture) => void): void => {
  describe(
    `a fault in any of the ${layer === 'requests' ? 'requests to AWS' : 'calls of a store'}`,
    { timeout: HOURS_MS },
    () => {
      const fixture = new SweepFixture(layer)
      beforeAll(() => fixture.setUp())
      afterAll(() => fixture.tearDown())
      defineTests(fixture)
    },
  )
}

/** Scenarios that must succeed. They are separate from the rejections so that both can run in parallel. */
export const describeRecoveries = (layer: FaultyLayer): void => {
  describeLayer(layer, (fixture) => {
    /** A restore of the archive into a prepared store, which must succeed with these counts. */
    const restore = (
      strategy: RestoreRequest['on_duplicate'],
      before: StoreContents,
      counts: { readonly loaded: number; readonly skipped: number },
    ): Scenario => {
      let job: RestoreJob | undefined
      return {
        prepare: () => fixture.harness.putContents(before),
        execute: async () => {
          job = await fixture.runRestore(strategy)
        },
        check: async () => {
          strictEqual(job?.error, undefined, `the restore failed: ${job?.error?.detail ?? ''}`)
          strictEqual(job?.status, 'succeeded')
          deepStrictEqual(stableContents(await fixture.harness.contents()), stableContents(fixture.full))
          const sums = Object.values(job.result?.models ?? {})
          strictEqual(
            sums.reduce((sum, { loaded }) => sum + loaded, 0),
            counts.loaded,
          )
          strictEqual(
            sums.reduce((sum, { skipped }) => sum + skipped, 0),
            counts.skipped,
          )
          await fixture.expectNoUnfinishedUploads()
        },
      }
    }

    it('does not affect the result of an export', async ({ task }) => {
      let job: Job | undefined
      await fixture.sweep(task, {
        prepare: () => fixture.harness.putContents(fixture.full),
        execute: async () => {
          job = await fixture.runExport()
        },
        check: async () => {
          strictEqual(job?.error, undefined, `the export failed: ${job?.error?.detail ?? ''}`)
          strictEqual(job?.status, 'succeeded')
          await fixture.expectNoUnfinishedUploads()
          // A dry run proves that the archive equals the store byte for byte.
          const { job_id } = job
          const dry = await fixture.harness.run((services) =>
            startRestoreFrom(
              services,
              { filters: {}, on_duplicate: 'overwrite', dry_run: true },
              { job_id },
              { requestedBy: 'test' },
            ),
          )
          strictEqual(dry.kind === 'restore' ? dry.result?.dry_run?.models['item']?.same : 0, 9)
          strictEqual(dry.kind === 'restore' ? dry.result?.dry_run?.blobs.same : 0, 4)
        },
      })
    })

    it('does not affect the result of a restore into an empty store', async ({ task }) => {
      await fixture.sweep(task, restore('raise_error', EMPTY, { loaded: 12, skipped: 0 }))
    })

    it('does not affect the result of a restore over damaged data', async ({ task }) => {
      await fixture.sweep(task, restore('overwrite', damagedContents(fixture.full), { loaded: 12, skipped: 0 }))
    })

    it('does not affect the result of a restore that skips existing resources', async ({ task }) => {
      const before = {
        items: new Map([...fixture.full.items].filter(([key]) => key.startsWith('guild#'))),
        objects: fixture.full.objects,
      }
      await fixture.sweep(task, restore('skip', before, { loaded: 9, skipped: 3 }))
    })
  })
}

/** Scenarios in which the restore must be rejected without a write. */
export const describeRejections = (layer: FaultyLayer): void => {
  describeLayer(layer, (fixture) => {
    /**
     * A restore by upload to the S3 bucket that must be rejected: with a report, without a write, and with all leases
     * free.
     */
    const rejection = (type: string, before: StoreContents, bytes: () => Promise<Buffer>): Scenario => {
      let key = ''
      let job: RestoreJob | undefined
      return {
        prepare: async () => {
          await fixture.harness.putContents(before)
          const { s3, config } = fixture.harness.clients
          key = `raise_error/_all/${randomUUID()}.acbak`
          await s3.send(new PutObjectCommand({ Bucket: config.buckets.restores, Key: key, Body: await bytes() }))
        },
        execute: async () => {
          const bucket = fixture.harness.clients.config.buckets.restores
          const ended = await fixture.harness.run(async (services) => {
            const started = await startUploadedRestore(services, { bucket, key })
            if (started === undefined) throw new Error('the upload did not start a job')
            return started
          })
          if (ended.kind === 'restore') job = ended
        },
        check: async () => {
          strictEqual(job?.error?.type, type)
          deepStrictEqual(stableContents(await fixture.harness.contents()), stableContents(before))
          const { s3, config } = fixture.harness.clients
          const { Body } = await s3.send(
            new GetObjectCommand({ Bucket: config.buckets.restores, Key: `${key}.report.json` }),
          )
          const report = Outcome.parse(JSON.parse((await Body?.transformToString()) ?? ''))
          deepStrictEqual(report, { job_id: job.job_id, status: 'failed', passed: false, error: { type } })
          // The leases are free: the next restore succeeds.
          await fixture.harness.putContents(EMPTY)
          strictEqual((await fixture.runRestore('overwrite')).error, undefined)
        },
      }
    }

    it('does not affect the rejection of duplicates', async ({ task }) => {
      await fixture.sweep(
        task,
        rejection('duplicates', fixture.full, () => fixture.archiveBytes()),
      )
    })

    it('does not affect the rejection of a damaged archive', async ({ task }) => {
      const flipped = async (): Promise<Buffer> => {
        const bytes = await fixture.archiveBytes()
        bytes[700] = (bytes[700] ?? 0) ^ 1
        return bytes
      }
      await fixture.sweep(task, rejection('entry-corrupt', EMPTY, flipped))
    })
  })
}

const Outcome = z.object({
  job_id: z.string(),
  status: z.string(),
  passed: z.boolean(),
  error: z.object({ type: z.string() }),
})
