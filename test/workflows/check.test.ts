import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import { hasEnded } from '../../shared/jobs/job.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import { allResults, type PassResult } from '../../shared/jobs/pass.ts'
import { PREFLIGHT_MERGE } from '../../shared/jobs/reference-merge.ts'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import { PREFLIGHT } from '../../shared/restore/messages/preflight.ts'
import { PREFLIGHT_BLOBS } from '../../shared/restore/messages/preflight-blobs.ts'
import { must } from '../../shared/values/must.ts'
import { memorySource } from '../archive/memory.ts'
import { writeArchive } from '../archive/sample.ts'
import { segmentedArchive } from '../archive/segmented-archive.ts'
import { BROKEN_ARCHIVES } from './broken-archives.ts'
import { UNRESTORABLE_ARCHIVED, archiveWithBadCity } from './kinds/unrestorable-archived.ts'
import { fixture } from './program.ts'
import { buildResource, sampleStore, writeToStore } from './sample-store.ts'
import { specstarFile } from './specstar-listing.ts'
import { startRunner } from './start-runner.ts'
import { type Call, callWithStage, nthCall, throttleCalls } from './throttled-calls.ts'

const runner = await startRunner({ callStage: callWithStage, limits: { watchMs: 10 } })
const MODELS = ['city', 'country', 'memo']

afterEach(async () => {
  vi.restoreAllMocks()
  await runner.freeLeases()
  await runner.wipe()
  await runner.deploy({}, { ...LIMITS, watchMs: 10 })
})

/** The checks of a report, with the number of things that each of them has checked. */
const checked = (checks: object = {}): object =>
  Object.fromEntries(
    Object.entries<{ readonly checked: number }>({ ...checks }).map(([name, check]) => [name, check.checked]),
  )

/** Exports the sample store as an archive of the given format. */
const exportSample = async (format: 'acbak' | 'specstar' = 'acbak'): Promise<Buffer> => {
  await writeToStore(runner.clients, sampleStore(runner.services.models))
  return (await runner.export(MODELS, {}, format === 'acbak', format)).archive
}

const CATALOGUE = {
  character: { resources: 47, revisions: 138, blobs: 48 },
  guild: { resources: 12, revisions: 39, blobs: 10 },
  item: { resources: 63, revisions: 139, blobs: 29 },
}

describe('a check of an intact archive', () => {
  it('succeeds with the counts of each model, and writes a report', async () => {
    const archive = await fixture('catalogue-v3.acbak')
    const job = await runner.check(archive)
    expect(job.error).toBeUndefined()
    expect(job).toMatchObject({
      kind: 'check',
      status: 'succeeded',
      phase: 'report',
      result: {
        models: CATALOGUE,
        bytes: archive.length,
        verification: { passed: true },
        missing_blobs: { count: 0, ids: [] },
      },
    })
    const report = await runner.readCheckReport(job)
    const { manifestSha256 } = await openArchive(memorySource(archive))
    expect(report).toMatchObject({
      job_id: job.job_id,
      passed: true,
      archive: { size: archive.length, format: 'acbak', manifest_sha256: manifestSha256, proven_manifest: true },
      bytes: archive.length,
      models: CATALOGUE,
      missing_blobs: [],
    })
    expect(checked(report?.checks)).toEqual({
      counts: 122 + 316 + 84,
      content: 122,
      revisions: 316,
      blobs: 84,
      blob_references: 48 + 10 + 29,
    })
    expect(job.result?.verification.checks).toEqual(report?.checks)
  })

  it.each([
    ['single-v3.acbak', { guild: { resources: 1, revisions: 7, blobs: 4 } }],
    ['repacked-v3.tar', CATALOGUE],
  ])('succeeds for an archive of an independent writer: %s', async (name, models) => {
    const job = await runner.check(await fixture(name))
    expect(job).toMatchObject({ status: 'succeeded', result: { models, verification: { passed: true } } })
    expect(await runner.readCheckReport(job)).toMatchObject({ archive: { proven_manifest: name.endsWith('.acbak') } })
  })

  it('succeeds for an empty archive, and does not claim that a check proves an archive', async () => {
    const job = await runner.check(await fixture('empty-v3.acbak'))
    expect(job).toMatchObject({
      status: 'succeeded',
      result: { verification: { checks: { content: { checked: 0 } } } },
    })
    const documents = [await runner.check(await fixture('catalogue-v3.acbak')), job].map(async (one) => [
      one.result?.verification,
      await runner.readCheckReport(one),
    ])
    for (const document of (await Promise.all(documents)).flat()) {
      expect(document).toMatchObject({ passed: true })
      expect(document).not.toHaveProperty('proved')
    }
  })

  it.each([
    'catalogue.acbak',
    'catalogue-msgpack.acbak',
    'character.acbak',
    'character-qb-deleted.acbak',
    'edge.acbak',
    'autocrud-0.4.6.acbak',
    'guild.acbak',
  ])('succeeds for a stream of SpecStar: %s', async (name) => {
    const stream = await specstarFile(name)
    const job = await runner.check(stream)
    expect(job.error).toBeUndefined()
    expect(job).toMatchObject({
      status: 'succeeded',
      result: { bytes: stream.length, verification: { passed: true } },
    })
    expect(await runner.readCheckReport(job)).toMatchObject({ archive: { format: 'specstar', size: stream.length } })
  })

  it('counts the same for a stream of this program as for its archive', async () => {
    const job = await runner.check(await exportSample())
    expect(job.status).toBe('succeeded')
    const stream = await runner.check(await exportSample('specstar'))
    expect(stream.result?.models).toEqual(job.result?.models)
  })

  it('ends as partial, and lists the missing blobs, if the export did not find them', async () => {
    await writeToStore(runner.clients, sampleStore(runner.services.models))
    const { s3, config } = runner.clients
    await s3.send(new DeleteObjectCommand({ Bucket: config.buckets.blobs, Key: 'blobs/flag-n' }))
    const { archive } = await runner.export(MODELS, {}, false)
    const job = await runner.check(archive)
    expect(job).toMatchObject({
      status: 'partial',
      result: { verification: { passed: true }, missing_blobs: { count: 1, ids: ['flag-n'] } },
    })
    const report = await runner.readCheckReport(job)
    expect(report).toMatchObject({ passed: true, missing_blobs: ['flag-n'] })
    expect(report?.checks.blob_references).toMatchObject({
      passed: true,
      findings_total: 1,
      findings: [{ model: 'city', what: 'blob flag-n is not in the archive', expected: 'present', actual: 'absent' }],
    })
  })

  it('ends as partial, and lists the resources that the export left out', async () => {
    await writeToStore(runner.clients, sampleStore(runner.services.models))
    const [memo = {}] = buildResource(runner.services.models, { model: 'memo', id: 'bad', payloads: [{}] }).items
    await runner.putItems({ ...memo, updated_by: { N: '1' } })
    const { archive } = await runner.export(['memo'], {}, false)
    const job = await runner.check(archive)
    expect(job).toMatchObject({
      status: 'partial',
      result: { verification: { passed: true }, left_out: { count: 1, resources: [{ resource_id: 'bad' }] } },
    })
    expect(job.result?.left_out).not.toHaveProperty('list')
    expect(await runner.readCheckReport(job)).toMatchObject({ left_out: { count: 1 } })
  })
})

describe('a check', () => {
  it.each(['acbak', 'specstar'] as const)(
    'reads neither the resource table nor the blob bucket, and writes only work files and its report: %s',
    async (format) => {
      const archive = await exportSample(format)
      const before = await runner.contents()
      const { tables, buckets } = runner.clients.config
      const job = await runner.startCheck(archive)
      const calls = throttleCalls(runner, () => false)
      expect(await runner.waitForCheck(job)).toMatchObject({ status: 'succeeded' })
      const callsOf = (target: string) => calls.filter((call) => call.target === target)
      expect(callsOf(`table ${tables.jobs}`).length).toBeGreaterThan(10)
      expect(callsOf(`table ${tables.resources}`)).toEqual([])
      expect(callsOf(`bucket ${buckets.blobs}`)).toEqual([])
      expect(callsOf(`bucket ${buckets.restores}`)).toEqual([])
      const writes = callsOf(`bucket ${buckets.archives}`).filter(({ operation }) => !/^(Get|Head)/.test(operation))
      expect(writes.map(({ operation, key }) => [operation, key])).toEqual([
        ['PutObject', `reports/${job.job_id}.json`],
      ])
      const targets = [`table ${tables.jobs}`, `bucket ${buckets.archives}`, `bucket ${buckets.work}`]
      expect(calls.filter(({ target }) => !targets.includes(target))).toEqual([])
      vi.restoreAllMocks()
      expect(await runner.contents()).toEqual(before)
      for (const model of MODELS) expect(await runner.services.leases.holderOf(model)).toBeUndefined()
    },
  )

  it('succeeds while a restore holds the leases of the same models', async () => {
    const archive = await exportSample()
    await runner.wipe()
    let status: string | undefined
    runner.beforeStage('apply-records', async () => {
      ;({ status } = await runner.check(archive))
    })
    expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
    expect(status).toBe('succeeded')
  })

  it('finds the same in passes that end after each digest bucket, in several map items', async () => {
    const names = Array.from({ length: 15 }, (_, k) => `city-${k}`)
    const archive = await segmentedArchive({
      models: {
        city: names.map((id) => {
          const payload = { name: id, arms: { file_id: `arms-${id}`, size: 5 } }
          return buildResource(runner.services.models, { model: 'city', id, payloads: [payload] }).items
        }),
      },
      segments: 3,
      blobs: new Map(names.map((id) => [`arms-${id}`, Buffer.from(`arms of ${id}`)])),
      referring: ['city'],
      blobSegments: 2,
    })
    await runner.deploy({}, { passMs: 0, rangeBytes: 1, groupBytes: 1 })
    const job = await runner.check(archive)
    const models = { city: { resources: 15, revisions: 15, blobs: 15 } }
    expect(job).toMatchObject({ status: 'succeeded', result: { models } })
    for (const stage of [PREFLIGHT, PREFLIGHT_BLOBS]) {
      const passes = await allResults<PassResult>(runner.services, job.job_id, stage)
      expect(passes.length, stage.name).toBeGreaterThanOrEqual(12)
    }
    expect(checked((await runner.readCheckReport(job))?.checks)).toMatchObject({
      content: 15,
      revisions: 15,
      blobs: 15,
    })
  })

  it('merges lists of references to blobs in a round of its own if there are many', async () => {
    await runner.deploy({}, { rangeBytes: 10_000, groupBytes: 1, listsPerPass: 4 })
    const job = await runner.check(await fixture('catalogue-v3.acbak'))
    expect(job).toMatchObject({ status: 'succeeded', result: { models: CATALOGUE } })
    expect((await allResults(runner.services, job.job_id, PREFLIGHT_MERGE)).length).toBeGreaterThan(0)
  })

  it.each([
    [PREFLIGHT.name, PREFLIGHT, 9],
    [PREFLIGHT_BLOBS.name, PREFLIGHT_BLOBS, 5],
  ] as const)('hands over the finished work of a pass of %s that AWS throttles', async (_name, stage, n) => {
    await runner.deploy({}, { rangeBytes: 1_000_000_000, groupBytes: 1 })
    const archive = await fixture('catalogue-v3.acbak')
    const started = await runner.startCheck(archive)
    const reads = (call: Call): boolean =>
      call.stage === stage.name && call.operation === 'GetObject' && call.key.startsWith('test/')
    throttleCalls(runner, nthCall(n, reads))
    const job = await runner.waitForCheck(started)
    expect(job).toMatchObject({ status: 'succeeded', result: { models: CATALOGUE } })
    const passes: readonly PassResult[] = await allResults<PassResult>(runner.services, job.job_id, stage)
    expect(passes.map(({ done }) => done)).toEqual([false, true])
    expect(await runner.services.jobs.failure(job.job_id, 'ThrottledError')).toBeUndefined()
  })

  it.each(['inspect', 'preflight', 'plan-preflight-blobs', 'preflight-blobs', 'decide', 'report'])(
    'that is cancelled before %s ends as cancelled, without a result',
    async (stage) => {
      const archive = await exportSample()
      const cancelled = Promise.withResolvers<unknown>()
      runner.beforeStage(stage, async (jobId) => {
        cancelJob(runner.services, jobId).then(cancelled.resolve, cancelled.reject)
        for (let job = await runner.services.jobs.get(jobId); job !== undefined && !hasEnded(job);) {
          await sleep(5)
          job = await runner.services.jobs.get(jobId)
        }
      })
      const job = await runner.startCheck(archive)
      await cancelled.promise
      const ended = await runner.waitForCheck(job)
      expect(ended).toMatchObject({ status: 'cancelled' })
      expect(ended).not.toHaveProperty('result')
    },
  )
})

describe('a check of a damaged archive', () => {
  it.each(BROKEN_ARCHIVES.filter(({ scope }) => scope === undefined).map(({ name, bytes }) => [name, bytes] as const))(
    'fails with the same problem as a restore of everything: %s',
    async (_name, bytes) => {
      const [check, restore] = [await runner.check(bytes), await runner.restore(bytes)]
      expect([check.status, restore.status]).toEqual(['failed', 'failed'])
      expect(check.error).toEqual(restore.error)
      expect(check).not.toHaveProperty('result')
    },
  )

  it.each(UNRESTORABLE_ARCHIVED.map(({ what, change }) => [what, change] as const))(
    'fails with the list of resources that cannot be restored: %s',
    async (_name, change) => {
      const archive = archiveWithBadCity(runner.services.models, change)
      const [check, restore] = [await runner.check(archive), await runner.restore(archive, { dry_run: true })]
      expect(check).toMatchObject({ status: 'failed', error: { unrestorable_resources: { count: 1 } } })
      expect(check.error?.type).toBe(restore.error?.type)
    },
  )

  it('finds damage of a blob to which no resource refers', async () => {
    const archive = await writeArchive({
      models: { memo: [{ id: 'm', revisions: [{ n: 1, data: '{"text":"x"}' }] }] },
      blobs: { unused: Buffer.from('nobody refers to this blob') },
    })
    expect(await runner.check(archive)).toMatchObject({ status: 'succeeded' })
    const opened = await openArchive(memorySource(archive))
    const segment = must(opened.segments.at(-1))
    const [entry] = await readIndex(opened, segment)
    const damaged = Buffer.from(archive)
    const at = segment.offset + must(entry).offset
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
    // The blob is not needed for the memos, so a restore of this model succeeds.
    expect(await runner.restore(damaged, { models: ['memo'], filters: { ids: ['m'] } })).toMatchObject({
      status: 'succeeded',
    })
    expect(await runner.check(damaged)).toMatchObject({
      status: 'failed',
      error: { type: 'entry-corrupt', entry: must(entry).path },
    })
  })

  it('fails if a model of the archive is not registered', async () => {
    const archive = await writeArchive({ models: { unheard: [] } })
    expect(await runner.check(archive)).toMatchObject({
      status: 'failed',
      error: { type: 'unknown-models', models: ['unheard'] },
    })
  })

  it('fails if the archive is replaced after the request', async () => {
    const archive = await exportSample()
    runner.beforeStage('preflight', async () => {
      const running = await runner.services.jobs.runningJobs()
      const request = must(running.find(({ kind }) => kind === 'check')).request
      const { bucket = '', key = '', version_id } = 'archive' in request ? (request.archive ?? {}) : {}
      await runner.clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: version_id }))
    })
    expect(await runner.check(archive)).toMatchObject({ status: 'failed', error: { type: 'source-changed' } })
  })
})
