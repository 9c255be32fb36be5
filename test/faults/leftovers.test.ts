import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startExport } from '../../shared/export/start-export.ts'
import type { Job, Strategy } from '../../shared/jobs/job.ts'
import { startRestoreFrom } from '../../shared/restore/start/start-restore.ts'
import { type Contents, lasting } from '../contents.ts'
import { smallStore } from './small-store.ts'
import { FaultyWorld } from './world.ts'

const EXPORT = { models: ['guild', 'item'], filters: {}, strict: true, format: 'acbak' } as const

describe('what a restore left that died between revisions and metadata', () => {
  let world: FaultyWorld
  let full: Contents
  let exported: Job

  beforeAll(async () => {
    world = await FaultyWorld.start()
    full = await smallStore(world)
    await world.putContents(full)
    exported = await world.run((services) => startExport(services, EXPORT, { requestedBy: 'test' }))
  })
  afterAll(() => world.stop())

  const restore = (on_duplicate: Strategy): Promise<Job> =>
    world.run((services) =>
      startRestoreFrom(
        services,
        { filters: {}, on_duplicate, dry_run: false },
        { job_id: exported.job_id },
        { requestedBy: 'test', idempotencyKey: randomUUID() },
      ),
    )
  const revisions = (appliedBy: object): Contents => ({
    items: new Map(
      [...full.items].filter(([key]) => key.includes('#r#')).map(([key, item]) => [key, { ...item, ...appliedBy }]),
    ),
    objects: full.objects,
  })

  it.each(['overwrite', 'skip', 'raise_error'] as const)(
    'does not keep the next one from converging: %s',
    async (strategy) => {
      await world.putContents(revisions({ applied_by: { S: 'a-restore-that-died' } }))
      const job = await restore(strategy)
      expect(job.error).toBeUndefined()
      expect(job).toMatchObject({ status: 'succeeded', result: { models: { item: { loaded: 9, skipped: 0 } } } })
      expect(lasting(await world.contents())).toEqual(lasting(full))
    },
  )

  it('is told from revisions of a writer who has not come to the metadata yet: those are left alone', async () => {
    const before = revisions({})
    await world.putContents(before)
    expect(await restore('skip')).toMatchObject({ result: { models: { item: { loaded: 0, skipped: 9 } } } })
    expect(lasting(await world.contents())).toEqual(lasting(before))
  })
})
