import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { z } from 'zod'
import type { Job, RestoreJob, RestoreRequest } from '../../shared/jobs/job.ts'
import { startExport } from '../../shared/export/start-export.ts'
import { startRestoreFrom } from '../../shared/restore/start/start-restore.ts'
import { startUploadedRestore } from '../../shared/restore/start/start-upload.ts'
import type { ArchiveSourceRequest } from '../../shared/restore/request.ts'
import { type Contents, lasting, unfinishedUploads } from '../contents.ts'
import { damaged, smallStore } from './small-store.ts'
import { type Story, sweep } from './sweep.ts'
import { SEED, tally } from './seeded.ts'
import { FaultyWorld, type FaultyLayer } from './world.ts'

/** `npm test` takes a call here and there, `npm run test:faults` every one within a few rounds. */
const STRIDE = Number(process.env['FAULT_STRIDE'] ?? 151)
/** Runs in which two calls fail, each story. */
const PAIRS = Number(process.env['FAULT_PAIRS'] ?? 1)
const HOURS_MS = 7_200_000

const EMPTY: Contents = { items: new Map(), objects: new Map() }
const EXPORT = { models: ['guild', 'item'], filters: {}, strict: true, format: 'acbak' } as const

/** What a layer's stories are played on: a store that was filled and exported, and then restored from its archive. */
class Stage {
  readonly #layer: FaultyLayer
  #world: FaultyWorld | undefined
  #full: Contents = EMPTY
  #archive: ArchiveSourceRequest = { job_id: '' }

  constructor(layer: FaultyLayer) {
    this.#layer = layer
  }

  get world(): FaultyWorld {
    if (this.#world === undefined) throw new Error('the stage is not set')
    return this.#world
  }

  /** All that the archive holds, as a restore leaves it. */
  get full(): Contents {
    return this.#full
  }

  async set(): Promise<void> {
    this.#world = await FaultyWorld.start({ rangeBytes: 400_000 }, this.#layer)
    await this.world.putContents(await smallStore(this.world))
    const job = await this.exported()
    expect(job.error).toBeUndefined()
    this.#archive = { job_id: job.job_id }
    await this.world.putContents(EMPTY)
    expect((await this.restored('raise_error')).error).toBeUndefined()
    this.#full = await this.world.contents()
  }

  async clear(): Promise<void> {
    await this.#world?.stop()
  }

  exported(): Promise<Job> {
    const idempotencyKey = randomUUID()
    return this.world.run((services) => startExport(services, EXPORT, { requestedBy: 'test', idempotencyKey }))
  }

  async restored(on_duplicate: RestoreRequest['on_duplicate']): Promise<RestoreJob> {
    const idempotencyKey = randomUUID()
    const request = { filters: {}, on_duplicate, dry_run: false }
    const job = await this.world.run((services) =>
      startRestoreFrom(services, request, this.#archive, { requestedBy: 'test', idempotencyKey }),
    )
    if (job.kind !== 'restore') throw new Error('not a restore')
    return job
  }

  async archiveBytes(): Promise<Buffer> {
    const job = await this.world.services.jobs.get('job_id' in this.#archive ? this.#archive.job_id : '')
    if (job?.kind !== 'export' || job.result === undefined) throw new Error('no archive')
    const { bucket: Bucket, key: Key } = job.result.archive
    const { Body } = await this.world.outside.s3.send(new GetObjectCommand({ Bucket, Key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }

  async nothingLeft(): Promise<void> {
    deepStrictEqual(await unfinishedUploads(this.world.outside, { withParts: true }), [])
  }

  /** Sweeps the story, prints and adds up what was done, and expects every run to have survived. */
  async sweep(task: TestContext['task'], story: Story): Promise<void> {
    const name = `${this.#layer} ${task.name}`
    const options = { name, stride: STRIDE, seed: SEED, pairs: PAIRS }
    const { calls, swept, injected, failures } = await sweep(this.world, story, options)
    console.info(
      `${name}: ${calls} calls, ${injected} faults injected, ${failures.length} runs not survived (seed ${SEED})`,
    )
    tally(task, { 'calls swept': swept, 'faults injected': injected })
    expect(failures).toEqual([])
    expect(injected).toBeGreaterThan(0)
  }
}

const describeStage = (layer: FaultyLayer, stories: (stage: Stage) => void): void => {
  describe(`one of the ${layer} that fails, whichever it is`, { timeout: HOURS_MS }, () => {
    const stage = new Stage(layer)
    beforeAll(() => stage.set())
    afterAll(() => stage.clear())
    stories(stage)
  })
}

/** The stories of a layer that must come out whole; apart from its refusals, so that they can run side by side. */
export const tellWhole = (layer: FaultyLayer): void => {
  describeStage(layer, (stage) => {
    /** A restore of the archive into a store, and what it must come to. */
    const restore = (
      strategy: RestoreRequest['on_duplicate'],
      before: Contents,
      counts: { readonly loaded: number; readonly skipped: number },
    ): Story => {
      let job: RestoreJob | undefined
      return {
        prepare: () => stage.world.putContents(before),
        act: async () => {
          job = await stage.restored(strategy)
        },
        check: async () => {
          strictEqual(job?.error, undefined, `the restore failed: ${job?.error?.detail ?? ''}`)
          strictEqual(job?.status, 'succeeded')
          deepStrictEqual(lasting(await stage.world.contents()), lasting(stage.full))
          const sums = Object.values(job.result?.models ?? {})
          strictEqual(
            sums.reduce((sum, { loaded }) => sum + loaded, 0),
            counts.loaded,
          )
          strictEqual(
            sums.reduce((sum, { skipped }) => sum + skipped, 0),
            counts.skipped,
          )
          await stage.nothingLeft()
        },
      }
    }

    it('leaves an export whole', async ({ task }) => {
      let job: Job | undefined
      await stage.sweep(task, {
        prepare: () => stage.world.putContents(stage.full),
        act: async () => {
          job = await stage.exported()
        },
        check: async () => {
          strictEqual(job?.error, undefined, `the export failed: ${job?.error?.detail ?? ''}`)
          strictEqual(job?.status, 'succeeded')
          await stage.nothingLeft()
          // What vouches for the archive is that it compares equal with the store, byte for byte.
          const { job_id } = job
          const dry = await stage.world.run((services) =>
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

    it('leaves a restore into an empty store whole', async ({ task }) => {
      await stage.sweep(task, restore('raise_error', EMPTY, { loaded: 12, skipped: 0 }))
    })

    it('leaves a restore over other data whole', async ({ task }) => {
      await stage.sweep(task, restore('overwrite', damaged(stage.full), { loaded: 12, skipped: 0 }))
    })

    it('leaves a restore that skips what exists whole', async ({ task }) => {
      const before = {
        items: new Map([...stage.full.items].filter(([key]) => key.startsWith('guild#'))),
        objects: stage.full.objects,
      }
      await stage.sweep(task, restore('skip', before, { loaded: 9, skipped: 3 }))
    })
  })
}

/** The stories of a layer that must leave no trace. */
export const tellRefusals = (layer: FaultyLayer): void => {
  describeStage(layer, (stage) => {
    /** A restore that must be refused, as an upload to the bucket: told beside it, nothing written, every lease free. */
    const refusal = (type: string, before: Contents, bytes: () => Promise<Buffer>): Story => {
      let key = ''
      let job: RestoreJob | undefined
      return {
        prepare: async () => {
          await stage.world.putContents(before)
          const { s3, config } = stage.world.outside
          key = `raise_error/_all/${randomUUID()}.acbak`
          await s3.send(new PutObjectCommand({ Bucket: config.buckets.restores, Key: key, Body: await bytes() }))
        },
        act: async () => {
          const bucket = stage.world.outside.config.buckets.restores
          const ended = await stage.world.run(async (services) => {
            const started = await startUploadedRestore(services, { bucket, key })
            if (started === undefined) throw new Error('the upload started nothing')
            return started
          })
          if (ended.kind === 'restore') job = ended
        },
        check: async () => {
          strictEqual(job?.error?.type, type)
          deepStrictEqual(lasting(await stage.world.contents()), lasting(before))
          const { s3, config } = stage.world.outside
          const { Body } = await s3.send(
            new GetObjectCommand({ Bucket: config.buckets.restores, Key: `${key}.report.json` }),
          )
          const beside = Outcome.parse(JSON.parse((await Body?.transformToString()) ?? ''))
          deepStrictEqual(beside, { job_id: job.job_id, passed: false, error: { type } })
          // What comes next is not kept waiting.
          await stage.world.putContents(EMPTY)
          strictEqual((await stage.restored('overwrite')).error, undefined)
        },
      }
    }

    it('leaves a refusal of duplicates without a trace', async ({ task }) => {
      await stage.sweep(
        task,
        refusal('duplicates', stage.full, () => stage.archiveBytes()),
      )
    })

    it('leaves a refusal of a damaged archive without a trace', async ({ task }) => {
      const flipped = async (): Promise<Buffer> => {
        const bytes = await stage.archiveBytes()
        bytes[700] = (bytes[700] ?? 0) ^ 1
        return bytes
      }
      await stage.sweep(task, refusal('entry-corrupt', EMPTY, flipped))
    })
  })
}

const Outcome = z.object({ job_id: z.string(), passed: z.boolean(), error: z.object({ type: z.string() }) })
