import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { memorySource } from '../archive/memory.ts'
import { fixture } from './program.ts'
import { buildResource, sampleStore, writeToStore } from './sample-store.ts'
import { specstarFile } from './specstar-listing.ts'
import { CATALOGUE, checked, exportSample, MODELS, startCheckRunner } from './check-runner.ts'

const runner = await startCheckRunner()

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
    const job = await runner.check(await exportSample(runner))
    expect(job.status).toBe('succeeded')
    const stream = await runner.check(await exportSample(runner, 'specstar'))
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
