import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { z } from 'zod'
import type { Job, RestoreJob, RestoreRequest } from '../../shared/jobs/job.ts'
import { startExport } from '../../shared/export/start.ts'
import { startRestoreFrom } from '../../shared/restore/start.ts'
import { startUploadedRestore } from '../../shared/restore/upload.ts'
import type { From } from '../../shared/restore/request.ts'
import { type Contents, lasting, unfinishedUploads } from '../contents.ts'
import { damaged, smallStore } from './small-store.ts'
import { type Story, sweep } from './sweep.ts'
import { SEED, tally } from './seeded.ts'
import { FaultyWorld } from './world.ts'

/** `npm test` takes a call here and there, `npm run test:faults` every one within a few rounds. */
const STRIDE = Number(process.env['FAULT_STRIDE'] ?? 151)
/** Runs in which two calls fail, each story. */
const PAIRS = Number(process.env['FAULT_PAIRS'] ?? 1)
const HOURS_MS = 7_200_000
const LAYERS = ['requests', 'stores'] as const

const EXPORT = { models: ['guild', 'item'], filters: {}, strict: true, format: 'acbak' } as const

describe.each(LAYERS)('one of the %s that fails, whichever it is', { timeout: HOURS_MS }, (layer) => {
  let world: FaultyWorld
  let full: Contents
  let empty: Contents
  let archive: From

  const exported = (): Promise<Job> => {
    const idempotencyKey = randomUUID()
    return world.run((services) => startExport(services, EXPORT, { requestedBy: 'test', idempotencyKey }))
  }
  const restored = async (on_duplicate: RestoreRequest['on_duplicate']): Promise<RestoreJob> => {
    const idempotencyKey = randomUUID()
    const request = { filters: {}, on_duplicate, dry_run: false }
    const job = await world.run((services) =>
      startRestoreFrom(services, request, archive, { requestedBy: 'test', idempotencyKey }),
    )
    if (job.kind !== 'restore') throw new Error('not a restore')
    return job
  }
  const nothingLeft = async (): Promise<void> => {
    deepStrictEqual(await unfinishedUploads(world.outside), [])
  }

  beforeAll(async () => {
    world = await FaultyWorld.start({ rangeBytes: 400_000 }, layer)
    full = await smallStore(world)
    empty = { items: new Map(), objects: new Map() }
    await world.putContents(full)
    const job = await exported()
    expect(job.error).toBeUndefined()
    archive = { job_id: job.job_id }
    await world.putContents(empty)
    expect((await restored('raise_error')).error).toBeUndefined()
    full = await world.contents()
  })
  afterAll(() => world.stop())

  /** A restore of the archive into a store, and what it must come to. */
  const restore = (
    strategy: RestoreRequest['on_duplicate'],
    before: Contents,
    after: Contents,
    counts: { readonly loaded: number; readonly skipped: number },
  ): Story => {
    let job: RestoreJob | undefined
    return {
      prepare: () => world.putContents(before),
      act: async () => {
        job = await restored(strategy)
      },
      check: async () => {
        strictEqual(job?.error, undefined, `the restore failed: ${job?.error?.detail ?? ''}`)
        strictEqual(job?.status, 'succeeded')
        deepStrictEqual(lasting(await world.contents()), lasting(after))
        const sums = Object.values(job.result?.models ?? {})
        strictEqual(
          sums.reduce((sum, { loaded }) => sum + loaded, 0),
          counts.loaded,
        )
        strictEqual(
          sums.reduce((sum, { skipped }) => sum + skipped, 0),
          counts.skipped,
        )
        await nothingLeft()
      },
    }
  }

  const report = async (task: TestContext['task'], story: Story): Promise<void> => {
    const name = `${layer} ${task.name}`
    const { calls, swept, injected, failures } = await sweep(world, story, {
      name,
      stride: STRIDE,
      seed: SEED,
      pairs: PAIRS,
    })
    console.info(
      `${name}: ${calls} calls, ${injected} faults injected, ${failures.length} runs not survived (seed ${SEED})`,
    )
    tally(task, { 'calls swept': swept, 'faults injected': injected })
    expect(failures).toEqual([])
    expect(injected).toBeGreaterThan(0)
  }

  it('leaves an export whole', async ({ task }) => {
    let job: Job | undefined
    await report(task, {
      prepare: () => world.putContents(full),
      act: async () => {
        job = await exported()
      },
      check: async () => {
        strictEqual(job?.error, undefined, `the export failed: ${job?.error?.detail ?? ''}`)
        strictEqual(job?.status, 'succeeded')
        await nothingLeft()
        // What vouches for the archive is that it compares equal with the store, byte for byte.
        const { job_id } = job
        const dry = await world.run((services) =>
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
    await report(task, restore('raise_error', empty, full, { loaded: 12, skipped: 0 }))
  })

  it('leaves a restore over other data whole', async ({ task }) => {
    await report(task, restore('overwrite', damaged(full), full, { loaded: 12, skipped: 0 }))
  })

  it('leaves a restore that skips what exists whole', async ({ task }) => {
    const before = {
      items: new Map([...full.items].filter(([key]) => key.startsWith('guild#'))),
      objects: full.objects,
    }
    await report(task, restore('skip', before, full, { loaded: 9, skipped: 3 }))
  })

  /** A restore that must be refused, as an upload to the bucket: told beside it, nothing written, every lease free. */
  const refusal = (type: string, before: Contents, bytes: () => Promise<Buffer>): Story => {
    const { restores } = world.outside.config.buckets
    let key = ''
    let job: RestoreJob | undefined
    return {
      prepare: async () => {
        await world.putContents(before)
        key = `raise_error/_all/${randomUUID()}.acbak`
        await world.outside.s3.send(new PutObjectCommand({ Bucket: restores, Key: key, Body: await bytes() }))
      },
      act: async () => {
        const ended = await world.run(async (services) => {
          const started = await startUploadedRestore(services, { bucket: restores, key })
          if (started === undefined) throw new Error('the upload started nothing')
          return started
        })
        if (ended.kind === 'restore') job = ended
      },
      check: async () => {
        strictEqual(job?.error?.type, type)
        deepStrictEqual(lasting(await world.contents()), lasting(before))
        const { Body } = await world.outside.s3.send(
          new GetObjectCommand({ Bucket: restores, Key: `${key}.report.json` }),
        )
        const beside = Outcome.parse(JSON.parse((await Body?.transformToString()) ?? ''))
        deepStrictEqual(beside, { job_id: job.job_id, passed: false, error: { type } })
        // What comes next is not kept waiting.
        await world.putContents(empty)
        strictEqual((await restored('overwrite')).error, undefined)
      },
    }
  }

  it('leaves a refusal of duplicates without a trace', async ({ task }) => {
    await report(
      task,
      refusal('duplicates', full, () => archiveBytes()),
    )
  })

  it('leaves a refusal of a damaged archive without a trace', async ({ task }) => {
    const flipped = async (): Promise<Buffer> => {
      const bytes = await archiveBytes()
      bytes[700] = (bytes[700] ?? 0) ^ 1
      return bytes
    }
    await report(task, refusal('entry-corrupt', empty, flipped))
  })

  const archiveBytes = async (): Promise<Buffer> => {
    const job = await world.services.jobs.get('job_id' in archive ? archive.job_id : '')
    if (job?.kind !== 'export' || job.result === undefined) throw new Error('no archive')
    const { bucket: Bucket, key: Key } = job.result.archive
    const { Body } = await world.outside.s3.send(new GetObjectCommand({ Bucket, Key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }
})

const Outcome = z.object({ job_id: z.string(), passed: z.boolean(), error: z.object({ type: z.string() }) })
