import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Item } from '../../shared/tables/item.ts'
import { stableContents } from '../contents.ts'
import { writeToStore, sampleStore } from './sample-store.ts'
import type { WorkflowRunner } from './workflow-runner.ts'
import { JobFailedError } from './workflow-runner.ts'
import { startRunner } from './start-runner.ts'

const runner = await startRunner()
const sample = sampleStore(runner.services.models)
beforeEach(() => writeToStore(runner.clients, sample))
afterEach(() => runner.wipe())

const itemsOf = (id: string): { metadata: Item; revisions: Item[] } => {
  const own = sample.items.filter((item) => item['resource_id']?.S === id)
  const [metadata, ...revisions] = own
  if (metadata === undefined) throw new Error(`resource ${id} is not in the sample`)
  return { metadata, revisions }
}
const revision = (id: string, n: number): Item => itemsOf(id).revisions[n - 1] ?? {}

const failure = async (filters: Parameters<WorkflowRunner['export']>[1] = {}): Promise<unknown> => {
  try {
    await runner.export(['city', 'country'], filters)
  } catch (error) {
    return error instanceof JobFailedError ? error.error : error
  }
  return undefined
}

describe('a resource whose current revision is missing', () => {
  it('is read again until its writer has finished, and is exported completely', async () => {
    const late = revision('c', 3)
    await runner.removeItems(late)
    const writer = sleep(250).then(() => runner.putItems(late))
    const { job, archive } = await runner.export(['city'])
    await writer
    expect(job.result?.models).toMatchObject({ city: { resources: 6, revisions: 11 } })
    const before = stableContents(await runner.contents())
    expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
    expect(stableContents(await runner.contents())).toEqual(before)
  })

  it('makes the export fail if it stays torn; the error lists the torn resources and no others', async () => {
    await runner.removeItems(revision('c', 3), ...itemsOf('b').revisions, ...itemsOf('north').revisions)
    const error = await failure()
    expect(error).toMatchObject({ type: 'torn-resources', status: 409 })
    const { torn_resources } = error as { torn_resources: { count: number; ids: string[] } }
    // Models are read one after the other. The first model with torn resources ends the export.
    expect({ ...torn_resources, ids: [...torn_resources.ids].sort() }).toEqual({ count: 2, ids: ['b', 'c'] })
  })

  it('does not affect an export whose filters exclude it', async () => {
    await runner.removeItems(revision('c', 3))
    expect((await runner.export(['city'], { ids: ['a', 'b'] })).job.result?.models).toMatchObject({
      city: { resources: 2 },
    })
    expect(await failure({ ids: ['a', 'c'] })).toMatchObject({
      type: 'torn-resources',
      torn_resources: { count: 1, ids: ['c'] },
    })
    expect(await failure({ updated_bys: ['bob'] })).toMatchObject({ torn_resources: { count: 1, ids: ['c'] } })
  })

  it('is not reported if it is deleted while the export reads it', async () => {
    const { metadata, revisions } = itemsOf('c')
    await runner.removeItems(revision('c', 3))
    const writer = sleep(150).then(() => runner.removeItems(metadata, ...revisions))
    const { job } = await runner.export(['city'])
    await writer
    expect(job.result?.models).toMatchObject({ city: { resources: 5 } })
  })
})

describe('a resource that is not torn', () => {
  it.each<[string, () => Promise<unknown>, number]>([
    [
      'with earlier revisions that SpecStar has pruned',
      () => runner.removeItems(revision('c', 1), revision('c', 2)),
      9,
    ],
    [
      'with a current revision that is not the last',
      () =>
        runner.putItems({
          ...itemsOf('c').metadata,
          current_revision_id: { S: 'c:1' },
          rev_updated_time: revision('c', 1)['updated_time'] ?? { NULL: true },
        }),
      11,
    ],
    ['that consists of revisions without metadata, so far', () => runner.removeItems(itemsOf('c').metadata), 8],
    [
      'with times that contradict each other',
      () => runner.putItems({ ...itemsOf('c').metadata, updated_time: { S: '2020-01-01T00:00:00Z' } }),
      11,
    ],
  ])('%s is exported unchanged', async (_what, write, revisions) => {
    await write()
    const { job, archive } = await runner.export(['city'])
    expect(job.result?.models).toMatchObject({ city: { revisions } })
    const before = stableContents(await runner.contents())
    await runner.removeItems(...sample.items.filter((item) => item['resource_id']?.S !== 'c'))
    expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
    const after = stableContents(await runner.contents())
    const ofCities = ([, item]: [string, Item]): boolean => item['pk']?.S?.startsWith('city#') === true
    expect(after.items.filter(ofCities)).toEqual(before.items.filter(ofCities))
  })
})
