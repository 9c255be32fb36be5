import { PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it, vi } from 'vitest'
import type { ExportJob } from '../../shared/jobs/job.ts'
import { must } from '../../shared/values/must.ts'
import { sampleArchive } from '../catalogue/sample-archive.ts'
import { counts, judgement } from '../schedules/sample-archives.ts'
import { startArchiveRoutes } from './archive-routes.ts'

const routes = startArchiveRoutes()

describe('GET /_backup/archives', () => {
  it('lists archives, newest first, with what is known about them', async () => {
    const requested = await routes.add('2026-02-01', { scope: { models: ['city'], filters: { created_bys: ['x'] } } })
    const nightly = await routes.add('2026-03-01', { schedule: 'nightly', complete: false, format: 'specstar' })
    const check = { at: '2026-03-02T00:00:00.000Z', job_id: 'c', passed: false }
    const proof = { at: '2026-03-03T00:00:00.000Z', job_id: 'r' }
    await routes.api.services.catalogue.recordCheck(nightly, check)
    await routes.api.services.catalogue.recordProof(nightly, proof)
    // `toEqual` ignores members whose value is undefined.
    expect((await routes.get('')).body).toEqual({
      archives: [
        {
          ...nightly,
          etag: undefined,
          source: 'schedule',
          suspicious: false,
          last_checked: check,
          last_proved: proof,
        },
        { ...requested, etag: undefined, source: 'api', suspicious: false },
      ],
    })
  })

  it('is empty for an empty catalogue', async () => {
    expect((await routes.get('')).body).toEqual({ archives: [] })
  })

  it('filters by schedule, model, completeness and time', async () => {
    const [a, b, c] = [
      await routes.add('2026-01-01', { schedule: 'nightly' }),
      await routes.add('2026-02-01', { schedule: 'weekly', scope: { models: ['memo'] } }),
      await routes.add('2026-03-01', { complete: false }),
    ]
    expect(await routes.keys('?schedule=nightly')).toEqual([a.key])
    expect(await routes.keys('?model=city')).toEqual([c.key, a.key])
    expect(await routes.keys('?complete=no')).toEqual([c.key])
    expect(await routes.keys('?complete=1&model=memo')).toEqual([b.key, a.key])
    expect(await routes.keys('?from=2026-02-01T00:00:00Z')).toEqual([c.key, b.key])
    expect(await routes.keys('?to=2026-02-01T00:00:00Z')).toEqual([a.key])
    expect(await routes.keys('?to=20260201T000000Z')).toEqual([a.key])
    expect(await routes.keys('?from=0001-01-01T00:00:00%2B01:00&to=9999-12-31T23:59:59-01:00')).toHaveLength(3)
    expect(await routes.keys('?from=2026-02-01T01:00:00%2B01:00&to=2026-02-01T00:00:00.001Z')).toEqual([b.key])
    expect(await routes.keys('?schedule=none')).toEqual([])
  })

  it('does not list deleted or replaced archives, and forgets them', async () => {
    const [deleted, replaced, kept] = [
      await routes.add('2026-01-03'),
      await routes.add('2026-01-02'),
      await routes.add('2026-01-01'),
    ]
    await routes.deleteObject(deleted)
    await routes.api.services.objects.put(replaced.bucket, replaced.key, Buffer.from('another'))
    expect(await routes.list('?limit=1')).toMatchObject({ archives: [{ key: kept.key }] })
    const { catalogue } = routes.api.services
    expect(await catalogue.get(deleted.key)).toBeUndefined()
    expect(await catalogue.get(replaced.key)).toBeUndefined()
    expect((await Array.fromAsync(catalogue.entries())).map(({ key }) => key)).toEqual([kept.key])
  })

  it('lists the other archives although a deleted one cannot be removed', async () => {
    const [deleted, kept] = [await routes.add('2026-01-02'), await routes.add('2026-01-01')]
    await routes.deleteObject(deleted)
    vi.spyOn(routes.api.services.catalogue, 'unlist').mockRejectedValue(new Error('no'))
    expect(await routes.keys()).toEqual([kept.key])
  })

  it('shows how the archive of a schedule was judged and what was decided about it', async () => {
    const states = ['good', 'incomplete', 'suspicious', 'confirmed', 'rejected'] as const
    for (const [k, state] of states.entries()) {
      const { key } = await routes.add(`2026-01-0${9 - k}`, { schedule: 'nightly' })
      await routes.api.services.archiveJudgements.keep('nightly', judgement(1, { memo: counts(3) }, { key, state }))
    }
    await routes.add('2026-01-01', { schedule: 'nightly' })
    const { archives } = await routes.list()
    expect(archives.map(({ suspicious, decision }) => [suspicious, decision])).toEqual([
      [false, undefined],
      [false, undefined],
      [true, undefined],
      [true, 'confirmed'],
      [true, 'rejected'],
      [false, undefined],
    ])
  })

  it('shows the time until which an archive is locked', async () => {
    const archive = await routes.add('2026-01-01')
    const until = new Date(Date.now() + 3_600_000)
    const { ETag, VersionId } = await routes.api.s3.send(
      new PutObjectCommand({
        Bucket: archive.bucket,
        Key: archive.key,
        Body: 'x',
        ObjectLockMode: 'GOVERNANCE',
        ObjectLockRetainUntilDate: until,
      }),
    )
    await routes.api.services.catalogue.put({
      ...archive,
      etag: must(ETag).replaceAll('"', ''),
      version_id: must(VersionId),
    })
    expect((await routes.list()).archives[0]?.locked_until).toBe(until.toISOString())
    routes.api.clock.ahead = 2 * 3_600_000
    expect((await routes.list()).archives[0]).not.toHaveProperty('locked_until')
    routes.api.clock.ahead = 0
  })
})

describe('an archive that its export could not add to the catalogue', () => {
  const exported = async (status: ExportJob['status']): Promise<ExportJob> => {
    const { objects, jobs, config } = routes.api.services
    const { job_id, key, models, complete } = sampleArchive('2026-01-01')
    const archive = await objects.put(config.buckets.archives, key, Buffer.from('x'))
    const job: ExportJob = {
      job_id,
      kind: 'export',
      status,
      source: 'api',
      requested_by: 'test',
      created_at: new Date().toISOString(),
      request: { models: ['city', 'memo'], filters: {}, strict: true, format: 'acbak' },
      result: { archive, models, complete, missing_blobs: { count: 0, ids: [] } },
    }
    await jobs.create(job)
    await routes.api.services.catalogue.announce({ job_id, created_at: '2026-01-01T00:00:00.000Z' })
    return job
  }

  it('is added by the next listing', async () => {
    for (const status of ['succeeded', 'partial'] as const) {
      const { job_id, result } = await exported(status)
      expect(await routes.list('?limit=1')).toMatchObject({
        archives: [{ job_id, key: must(result).archive.key, created_at: '2026-01-01T00:00:00.000Z' }],
      })
      await routes.api.services.catalogue.removeKeys([must(result).archive.key])
    }
    expect(await routes.api.services.catalogue.announced()).toEqual([])
  })

  it('is not added while the export is running, or if the export failed', async () => {
    const running = await exported('running')
    await exported('failed')
    await routes.api.services.catalogue.announce({ job_id: 'deleted', created_at: '2026-01-01T00:00:00.000Z' })
    expect(await routes.keys()).toEqual([])
    expect(await routes.api.services.catalogue.announced()).toMatchObject([{ job_id: running.job_id }])
  })

  it('does not prevent the listing if it still cannot be added', async () => {
    const { key } = await routes.add('2026-01-01')
    await exported('succeeded')
    const { job_id } = await exported('succeeded')
    vi.spyOn(routes.api.services.catalogue, 'put').mockRejectedValueOnce(new Error('no'))
    expect(await routes.keys()).toContain(key)
    const announced = await routes.api.services.catalogue.announced()
    expect(announced).toHaveLength(1)
    expect([job_id, announced[0]?.job_id]).not.toContain(undefined)
    expect(await routes.keys()).toHaveLength(3)
  })
})
