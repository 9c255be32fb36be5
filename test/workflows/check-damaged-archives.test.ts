import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import { must } from '../../shared/values/must.ts'
import { memorySource } from '../archive/memory.ts'
import { writeArchive } from '../archive/sample.ts'
import { BROKEN_ARCHIVES } from './broken-archives.ts'
import { UNRESTORABLE_ARCHIVED, archiveWithBadCity } from './kinds/unrestorable-archived.ts'
import { exportSample, startCheckRunner } from './check-runner.ts'

const runner = await startCheckRunner()

describe('a check of a damaged archive', () => {
  it.each(BROKEN_ARCHIVES.filter(({ scope }) => scope === undefined).map(({ name, bytes }) => [name, bytes] as const))(
    'fails with the same problem as a restore of everything: %s',
    async (_name, bytes) => {
      const [check, restore] = [await runner.check(bytes), await runner.restore(bytes)]
      expect([check.status, restore.status]).toEqual(['failed', 'failed'])
      const error = must(check.error)
      expect({ ...error, detail: `${error.detail}. Nothing was written` }).toEqual(restore.error)
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
    const archive = await exportSample(runner)
    runner.beforeStage('preflight', async () => {
      const running = await runner.services.jobs.runningJobs()
      const request = must(running.find(({ kind }) => kind === 'check')).request
      const { bucket = '', key = '', version_id } = 'archive' in request ? (request.archive ?? {}) : {}
      await runner.clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: version_id }))
    })
    expect(await runner.check(archive)).toMatchObject({ status: 'failed', error: { type: 'source-changed' } })
  })
})
