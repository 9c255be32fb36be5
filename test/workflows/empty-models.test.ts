import { describe, expect, it } from 'vitest'
import { EXPORT_PLAN } from '../../shared/export/messages.ts'
import { RESTORE_PLAN } from '../../shared/restore/messages/inspect.ts'
import { sampleStore, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const runner = await startRunner({ limits: { metadataMs: 100 } })

/** The models for which the export plans ranges. */
const planned = async (jobId: string): Promise<string[]> => {
  const { items } = await runner.services.workFiles.read(EXPORT_PLAN, jobId)
  return [...new Set(items.flat().map(({ model }) => model))].sort()
}

describe('models without items', () => {
  it('have no ranges in the plan of an export, unless they have a revision without metadata', async () => {
    const { names } = runner.services.models
    const first = await runner.export([...names])
    expect(first.job.status).toBe('succeeded')
    expect(await planned(first.job.job_id)).toEqual([])

    const store = sampleStore(runner.services.models)
    const partitions = store.items.map(({ pk }) => pk?.S ?? '')
    await writeToStore(runner.clients, store)
    // The metadata of these resources does not exist.
    const lone = store.items.flatMap((item) => {
      const [model = '', kind, shard = ''] = (item['pk']?.S ?? '').split('#')
      return model === 'city' && kind === 'r' ? [{ ...item, pk: { S: `doc#r#${shard}` } }] : []
    })
    await writeToStore(runner.clients, { items: lone.slice(0, 1), objects: new Map() })
    const second = await runner.export([...names])
    const models = [...partitions.map((pk) => pk.split('#')[0] ?? ''), 'doc']
    expect(await planned(second.job.job_id)).toEqual([...new Set(models)].sort())
    expect(Object.keys(second.job.result?.models ?? {}).sort()).toEqual([...names].sort())
    expect(second.job.result?.models['guild']).toEqual({ resources: 0, revisions: 0, blobs: 0 })
  })

  it('are found by each restore, independent of earlier jobs', async () => {
    const { archive } = await runner.export([...runner.services.models.names])
    const emptyModels = async (): Promise<readonly string[]> => {
      const job = await runner.restore(archive, { dry_run: true })
      return (await runner.services.workFiles.read(RESTORE_PLAN, job.job_id)).empty_models
    }
    expect(await emptyModels()).not.toContain('city')
    expect(await emptyModels()).not.toContain('doc')
    expect(await emptyModels()).toContain('guild')
    await runner.wipe()
    expect([...(await emptyModels())].sort()).toEqual([...runner.services.models.names].sort())
  })
})
