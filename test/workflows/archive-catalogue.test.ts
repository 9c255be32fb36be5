import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { CataloguedArchive, KnownArchive } from '../../shared/catalogue/catalogued-archive.ts'
import { rebuildCatalogue } from '../../shared/catalogue/rebuild-catalogue.ts'
import type { ArchiveSourceRequest } from '../../shared/restore/request.ts'
import { startCheck } from '../../shared/restore/start/start-check.ts'
import type { ExportJob, RestoreJob } from '../../shared/jobs/job.ts'
import type { RestoreRequest } from '../../shared/jobs/job-request.ts'
import { startRestoreFrom } from '../../shared/restore/start/start-restore.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { must } from '../../shared/values/must.ts'
import { findResource } from './catalogue.ts'
import { startRunner } from './start-runner.ts'
import { buildResource, sampleStore, writeToStore } from './sample-store.ts'

const runner = await startRunner()
const MODELS = ['city', 'country', 'memo']

beforeEach(async () => {
  vi.restoreAllMocks()
  await runner.wipe()
  await writeToStore(runner.clients, sampleStore(runner.services.models))
})

const catalogued = (job: ExportJob): Promise<KnownArchive | undefined> =>
  runner.services.catalogue.get(must(job.result).archive.key)

/** Restores the archive of an export from the archive bucket. */
const restore = ({ job_id }: ExportJob, request: Partial<RestoreRequest> = {}): Promise<RestoreJob> =>
  restoreFrom({ job_id }, request)

const restoreFrom = async (from: ArchiveSourceRequest, request: Partial<RestoreRequest> = {}): Promise<RestoreJob> => {
  const options = { filters: {}, on_duplicate: 'overwrite', dry_run: false, ...request } as const
  return runner.waitForRestore(await startRestoreFrom(runner.services, options, from, { requestedBy: 'test' }))
}

describe('an export that ends', () => {
  it('adds its archive to the catalogue, with its counts, its scope and the time in its manifest', async () => {
    const { job } = await runner.export(MODELS)
    const { archive, models } = must(job.result)
    const known = must(await catalogued(job))
    const { bucket, key, size, etag, version_id } = archive
    expect(known).toEqual({
      bucket,
      key,
      size,
      etag,
      version_id,
      job_id: job.job_id,
      format: 'acbak',
      created_at: known.created_at,
      models,
      scope: { models: MODELS },
      complete: true,
    })
    expect(Date.parse(known.created_at)).toBeGreaterThanOrEqual(Date.parse(job.created_at))
    expect(Date.parse(known.created_at)).toBeLessThanOrEqual(Date.parse(must(job.ended_at)))
    expect(await runner.services.catalogue.announced()).toEqual([])
  })

  it('adds a partial archive, a stream, and the filters of its scope', async () => {
    const lost = { file_id: 'lost', size: 5 }
    await writeToStore(
      runner.clients,
      buildResource(runner.services.models, { model: 'memo', id: 'lost', payloads: [{ text: 'x', sound: lost }] }),
    )
    const partial = await runner.export(['memo'], {}, false)
    expect(await catalogued(partial.job)).toMatchObject({ complete: false })
    const stream = await runner.export(['city'], {}, true, 'specstar')
    expect(await catalogued(stream.job)).toMatchObject({ format: 'specstar', created_at: stream.job.created_at })
    const filtered = await runner.export(['city'], { created_bys: ['nobody'] })
    expect(await catalogued(filtered.job)).toMatchObject({ scope: { filters: { created_bys: ['nobody'] } } })
  })

  it('adds the same as a rebuild from its manifest or its job', async () => {
    const { catalogue } = runner.services
    for (const format of ['acbak', 'specstar'] as const) {
      const { job } = await runner.export(['city'], { created_bys: ['nobody'] }, true, format)
      const known = must(await catalogued(job))
      await catalogue.removeKeys([known.key])
      const ignore = (): void => undefined
      await rebuildCatalogue(runner.services, { onProgress: ignore, onNotListed: ignore })
      expect(await catalogued(job)).toEqual(known)
    }
  })

  it('succeeds although the catalogue cannot be written, and its archive can be added later', async () => {
    const { catalogue } = runner.services
    vi.spyOn(catalogue, 'put').mockRejectedValue(new Error('no'))
    const { job } = await runner.export(['city'])
    expect(job.status).toBe('succeeded')
    expect(await catalogued(job)).toBeUndefined()
    expect(await catalogue.announced()).toEqual([{ job_id: job.job_id, created_at: expect.any(String) as unknown }])
    await catalogue.withdraw(job.job_id)
    vi.spyOn(catalogue, 'announce').mockRejectedValue(new Error('no'))
    expect((await runner.export(['city'])).job.status).toBe('succeeded')
  })

  it('does not add the archive if the job was cancelled, and a rebuild does not list the object', async () => {
    runner.beforeStage('announce', async (jobId) => {
      await runner.services.jobs.change(jobId, { status: 'cancelled' }, { from: ['running'] })
    })
    await expect(runner.export(['city'])).rejects.toThrow('cancelled')
    const { jobs } = await runner.services.jobs.list({ status: 'cancelled', limit: 1 })
    const { job_id } = must(jobs[0])
    const listed = async () =>
      (await Array.fromAsync(runner.services.catalogue.entries())).filter(({ key }) => key.includes(job_id))
    expect(await listed()).toEqual([])
    expect(await runner.services.catalogue.announced()).toEqual([])
    const notListed: string[] = []
    await rebuildCatalogue(runner.services, {
      onProgress: () => undefined,
      onNotListed: (key) => notListed.push(key),
    })
    expect(notListed).toEqual([expect.stringContaining(job_id)])
    expect(await listed()).toEqual([])
  })
})

describe('a restore that ends', () => {
  it('proves an archive if it has restored and compared everything in it', async () => {
    const { job } = await runner.export(MODELS)
    await runner.wipe()
    const restored = await restore(job)
    expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { proved: true } } })
    expect((await catalogued(job))?.last_proved).toEqual({ at: restored.ended_at, job_id: restored.job_id })
    const again = await restore(job)
    expect((await catalogued(job))?.last_proved?.job_id).toBe(again.job_id)
  })

  it('proves a stream of SpecStar', async () => {
    const { job } = await runner.export(['city', 'country'], {}, true, 'specstar')
    const { job_id } = await restore(job)
    expect((await catalogued(job))?.last_proved?.job_id).toBe(job_id)
  })

  it.each<[string, Partial<RestoreRequest>]>([
    ['is a dry run', { dry_run: true }],
    ['restores only some models', { models: ['city'] }],
    ['has filters', { filters: { created_bys: ['importer', 'alice'] } }],
    ['restores only some ids', { filters: { ids: ['a'] } }],
  ])('does not prove the archive if it %s', async (_, request) => {
    const { job } = await runner.export(MODELS)
    expect(await restore(job, request)).toMatchObject({ status: expect.stringMatching(/succeeded|partial/) as unknown })
    expect(await catalogued(job)).not.toHaveProperty('last_proved')
  })

  it('does not prove the archive if it skips existing resources', async () => {
    const { job } = await runner.export(MODELS)
    const gone = findResource(await runner.contents(), 'city', 'b')
    await runner.removeItems(gone.metadata, ...gone.revisions)
    const restored = await restore(job, { on_duplicate: 'skip' })
    expect(restored).toMatchObject({ status: 'succeeded', result: { verification: { proved: true } } })
    expect(await catalogued(job)).not.toHaveProperty('last_proved')
  })

  it('does not prove an archive without resources and blobs', async () => {
    await runner.wipe()
    const { job } = await runner.export(MODELS)
    expect(await restore(job)).toMatchObject({ status: 'succeeded', result: { verification: { proved: false } } })
    expect(await catalogued(job)).not.toHaveProperty('last_proved')
  })

  it('does not prove the archive if another writer changed a resource before the verification', async () => {
    const { job } = await runner.export(MODELS)
    runner.beforeStage('verify', () =>
      writeToStore(
        runner.clients,
        buildResource(runner.services.models, { model: 'city', id: 'a', payloads: [{ name: 'Changed' }] }),
      ),
    )
    expect(await restore(job)).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    expect(await catalogued(job)).not.toHaveProperty('last_proved')
  })

  it('does not prove an archive whose bytes were uploaded again', async () => {
    const { job, archive } = await runner.export(MODELS)
    expect(await runner.restore(archive)).toMatchObject({ result: { verification: { proved: true } } })
    expect(await catalogued(job)).not.toHaveProperty('last_proved')
  })

  it('first adds an archive that its export could not add, so that the proof is not lost', async () => {
    const put = vi.spyOn(runner.services.catalogue, 'put').mockRejectedValue(new Error('no'))
    const { job } = await runner.export(MODELS)
    put.mockRestore()
    const { job_id } = await restore(job)
    expect(await catalogued(job)).toMatchObject({ last_proved: { job_id } })
  })

  it('succeeds although the proof cannot be written', async () => {
    const { job } = await runner.export(MODELS)
    vi.spyOn(runner.services.catalogue, 'recordProof').mockRejectedValue(new Error('no'))
    expect(await restore(job)).toMatchObject({ status: 'succeeded' })
  })
})

describe('a check or a failed restore that ends', () => {
  const check = (archive: { readonly bucket: string; readonly key: string }) =>
    startCheck(runner.services, { bucket: archive.bucket, key: archive.key }, { requestedBy: 'test' }).then((job) =>
      runner.waitForCheck(job),
    )

  /** Exports, and replaces the archive in the bucket and in the catalogue by a version with other bytes. */
  const exportDamaged = async (change: (bytes: Buffer) => Buffer): Promise<CataloguedArchive> => {
    const { catalogue, objects } = runner.services
    const { job, archive } = await runner.export(MODELS)
    const { last_checked, last_proved, ...known } = must(await catalogued(job))
    expect([last_checked, last_proved]).toEqual([undefined, undefined])
    const damaged = { ...known, ...(await objects.put(known.bucket, known.key, change(archive))) }
    await catalogue.put(damaged)
    return damaged
  }
  const lastChecked = async ({ key }: { readonly key: string }) =>
    (await runner.services.catalogue.get(key))?.last_checked

  it('stores that an archive or a stream is intact', async () => {
    for (const format of ['acbak', 'specstar'] as const) {
      const { job } = await runner.export(MODELS, {}, true, format)
      const { archive } = must(job.result)
      const checked = await check(archive)
      expect(checked.status).toBe('succeeded')
      expect(await lastChecked(archive)).toEqual({ at: checked.ended_at, job_id: checked.job_id, passed: true })
    }
  })

  it('stores that an archive is damaged', async () => {
    const archive = await exportDamaged((bytes) => {
      bytes.writeUInt8(bytes.readUInt8(700) ^ 1, 700)
      return bytes
    })
    const checked = await check(archive)
    expect(checked).toMatchObject({ status: 'failed', error: { type: 'entry-corrupt' } })
    expect(await lastChecked(archive)).toEqual({ at: checked.ended_at, job_id: checked.job_id, passed: false })
  })

  it.each([false, true])('stores damage that a restore with dry_run = %s has found', async (dry_run) => {
    const archive = await exportDamaged((bytes) => {
      bytes.writeUInt8(bytes.readUInt8(700) ^ 1, 700)
      return bytes
    })
    const restored = await restoreFrom({ bucket: archive.bucket, key: archive.key }, { dry_run })
    expect(restored).toMatchObject({ status: 'failed', error: { type: 'entry-corrupt' } })
    expect(await lastChecked(archive)).toEqual({ at: restored.ended_at, job_id: restored.job_id, passed: false })
    expect(await runner.services.catalogue.isDamaged(archive)).toBe(true)
  })

  it('stores nothing if a restore failed for another reason than damage', async () => {
    const { job } = await runner.export(MODELS)
    const failed = await restore(job, { on_duplicate: 'raise_error' })
    expect(failed).toMatchObject({ status: 'failed', error: { type: 'duplicates' } })
    const { archive } = must(job.result)
    expect(await lastChecked(archive)).toBeUndefined()
    expect(await runner.services.catalogue.isDamaged(archive)).toBe(false)
  })

  it('stores nothing if it failed for another reason than damage', async () => {
    const { job } = await runner.export(MODELS)
    const { archive } = must(job.result)
    const models = vi.spyOn(runner.services.models, 'has').mockReturnValue(false)
    expect(await check(archive)).toMatchObject({ status: 'failed', error: { type: 'unknown-models' } })
    models.mockRestore()
    expect(await lastChecked(archive)).toBeUndefined()
  })

  it('stores nothing if a later release has written the archive', async () => {
    const archive = await exportDamaged((bytes) => {
      bytes.write('{"acbak":4', bytes.lastIndexOf('{"acbak":3'))
      return bytes
    })
    expect(await check(archive)).toMatchObject({ status: 'failed', error: { type: 'unsupported-version' } })
    expect(await lastChecked(archive)).toBeUndefined()
  })

  it('stores nothing if it was cancelled', async () => {
    const { job } = await runner.export(MODELS)
    const { archive } = must(job.result)
    runner.beforeStage('report', async (jobId) => {
      await runner.services.jobs.change(jobId, { status: 'cancelled' }, { from: ['running'] })
    })
    expect(await check(archive)).toMatchObject({ status: 'cancelled' })
    expect(await lastChecked(archive)).toBeUndefined()
  })

  it('first adds an archive that its export could not add', async () => {
    const put = vi.spyOn(runner.services.catalogue, 'put').mockRejectedValue(new Error('no'))
    const { job } = await runner.export(MODELS)
    const { archive } = must(job.result)
    put.mockRestore()
    const { job_id } = await check(archive)
    expect(await lastChecked(archive)).toMatchObject({ job_id, passed: true })
    expect(await runner.services.catalogue.announced()).toEqual([])
  })

  it('logs that the catalogue does not contain the archive', async () => {
    const { job } = await runner.export(MODELS)
    const { archive } = must(job.result)
    await runner.services.catalogue.removeKeys([archive.key])
    const log = vi.spyOn(logger, 'warn')
    const { job_id } = await check(archive)
    expect(log).toHaveBeenCalledExactlyOnceWith(
      'the catalogue does not contain the archive; add it with `specstar-backup catalogue rebuild`',
      { job_id, key: archive.key },
    )
  })

  it('logs nothing if the result of a later check is stored', async () => {
    const { job } = await runner.export(MODELS)
    const { archive } = must(job.result)
    const later = { at: '2999-01-01T00:00:00.000Z', job_id: 'later', passed: true }
    await runner.services.catalogue.recordCheck(must(await catalogued(job)), later)
    const log = vi.spyOn(logger, 'warn')
    await check(archive)
    expect(await lastChecked(archive)).toEqual(later)
    expect(log).not.toHaveBeenCalled()
  })

  it('stores nothing about another version of the object', async () => {
    const { job } = await runner.export(MODELS)
    const { archive } = must(job.result)
    await runner.services.objects.put(archive.bucket, archive.key, Buffer.from('another version'))
    expect(await check(archive)).toMatchObject({ status: 'failed', error: { type: 'not-an-archive' } })
    expect(await lastChecked(archive)).toBeUndefined()
  })

  it('stores nothing about an archive in another bucket', async () => {
    const { archive: bytes } = await runner.export(MODELS)
    const { objects, config, catalogue } = runner.services
    const record = vi.spyOn(catalogue, 'recordCheck')
    expect(await check(await objects.put(config.buckets.restores, 'some', bytes))).toMatchObject({
      status: 'succeeded',
    })
    expect(record).not.toHaveBeenCalled()
  })

  it('succeeds although the catalogue cannot be written', async () => {
    const { job } = await runner.export(MODELS)
    vi.spyOn(runner.services.catalogue, 'recordCheck').mockRejectedValue(new Error('no'))
    expect(await check(must(job.result).archive)).toMatchObject({ status: 'succeeded' })
  })
})
