import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startExport } from '../../shared/export/start-export.ts'
import type { Job } from '../../shared/jobs/job.ts'
import type { Strategy } from '../../shared/jobs/job-request.ts'
import { startRestoreFrom } from '../../shared/restore/start/start-restore.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import { sampleContents } from './sample-contents.ts'
import { FaultHarness } from './fault-harness.ts'

const EXPORT = { models: ['guild', 'item'], filters: {}, strict: true, format: 'acbak' } as const

describe('revisions without metadata', () => {
  let harness: FaultHarness
  let full: StoreContents
  let exported: Job

  beforeAll(async () => {
    harness = await FaultHarness.start()
    full = await sampleContents(harness)
    await harness.putContents(full)
    exported = await harness.run((services) => startExport(services, EXPORT, { requestedBy: 'test' }))
  })
  afterAll(() => harness.stop())

  const restore = (on_duplicate: Strategy): Promise<Job> =>
    harness.run((services) =>
      startRestoreFrom(
        services,
        { filters: {}, on_duplicate, dry_run: false },
        { job_id: exported.job_id },
        { requestedBy: 'test', idempotencyKey: randomUUID() },
      ),
    )
  const revisions = (appliedBy: object): StoreContents => ({
    items: new Map(
      [...full.items].filter(([key]) => key.includes('#r#')).map(([key, item]) => [key, { ...item, ...appliedBy }]),
    ),
    objects: full.objects,
  })

  it.each(['overwrite', 'skip', 'raise_error'] as const)(
    'that an interrupted restore wrote are completed by the next restore: %s',
    async (strategy) => {
      await harness.putContents(revisions({ applied_by: { S: 'a-restore-that-died' } }))
      const job = await restore(strategy)
      expect(job.error).toBeUndefined()
      expect(job).toMatchObject({ status: 'succeeded', result: { models: { item: { loaded: 9, skipped: 0 } } } })
      expect(stableContents(await harness.contents())).toEqual(stableContents(full))
    },
  )

  it.each(['skip', 'raise_error'] as const)(
    'that are equal to the archive are kept and completed, whoever wrote them: %s',
    async (strategy) => {
      await harness.putContents(revisions({}))
      const job = await restore(strategy)
      expect(job).toMatchObject({ status: 'succeeded', result: { models: { item: { loaded: 9, skipped: 0 } } } })
      expect(stableContents(await harness.contents())).toEqual(stableContents(full))
    },
  )

  it('that another client wrote are not changed by a restore with skip, because their metadata may follow', async () => {
    const before = revisions({ updated_by: { S: 'another client' } })
    await harness.putContents(before)
    expect(await restore('skip')).toMatchObject({ result: { models: { item: { loaded: 0, skipped: 9 } } } })
    expect(stableContents(await harness.contents())).toEqual(stableContents(before))
  })
})
