import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Item } from '../../shared/tables/item.ts'
import { lasting } from '../contents.ts'
import { fill, smallWorld, type World } from './small-world.ts'
import { JobFailed, StagedWorkflows } from './staged.ts'

let staged: StagedWorkflows
let world: World
beforeAll(async () => {
  staged = await StagedWorkflows.start()
  world = smallWorld(staged.services.models)
})
afterAll(() => staged.stop())
beforeEach(() => fill(staged.outside, world))
afterEach(() => staged.wipe())

const itemsOf = (id: string): { metadata: Item; revisions: Item[] } => {
  const own = world.items.filter((item) => item['resource_id']?.S === id)
  const [metadata, ...revisions] = own
  if (metadata === undefined) throw new Error(`there is no ${id}`)
  return { metadata, revisions }
}
const revision = (id: string, n: number): Item => itemsOf(id).revisions[n - 1] ?? {}

const failure = async (filters: Parameters<StagedWorkflows['export']>[1] = {}): Promise<unknown> => {
  try {
    await staged.export(['city', 'country'], filters)
  } catch (error) {
    return error instanceof JobFailed ? error.error : error
  }
  return undefined
}

describe('a resource whose current revision is missing', () => {
  it('is waited for while its writer is at work, and exported whole', async () => {
    const late = revision('c', 3)
    await staged.removeItems(late)
    const writer = sleep(250).then(() => staged.putItems(late))
    const { job, archive } = await staged.export(['city'])
    await writer
    expect(job.result?.models).toMatchObject({ city: { resources: 6, revisions: 11 } })
    const before = lasting(await staged.contents())
    expect(await staged.restore(archive)).toMatchObject({ status: 'succeeded' })
    expect(lasting(await staged.contents())).toEqual(before)
  })

  it('fails the export where it stays so, with all such resources named, whole ones not', async () => {
    await staged.removeItems(revision('c', 3), ...itemsOf('b').revisions, ...itemsOf('north').revisions)
    const error = await failure()
    expect(error).toMatchObject({ type: 'torn-resources', status: 409 })
    const { torn_resources } = error as { torn_resources: { count: number; ids: string[] } }
    // The models are read one after the other: the first that is torn ends the export.
    expect({ ...torn_resources, ids: [...torn_resources.ids].sort() }).toEqual({ count: 2, ids: ['b', 'c'] })
  })

  it('does not concern an export whose filters leave it out', async () => {
    await staged.removeItems(revision('c', 3))
    expect((await staged.export(['city'], { ids: ['a', 'b'] })).job.result?.models).toMatchObject({
      city: { resources: 2 },
    })
    expect(await failure({ ids: ['a', 'c'] })).toMatchObject({
      type: 'torn-resources',
      torn_resources: { count: 1, ids: ['c'] },
    })
    expect(await failure({ updated_bys: ['bob'] })).toMatchObject({ torn_resources: { count: 1, ids: ['c'] } })
  })

  it('is told apart from one that was deleted while the export read it', async () => {
    const { metadata, revisions } = itemsOf('c')
    await staged.removeItems(revision('c', 3))
    const writer = sleep(150).then(() => staged.removeItems(metadata, ...revisions))
    const { job } = await staged.export(['city'])
    await writer
    expect(job.result?.models).toMatchObject({ city: { resources: 5 } })
  })
})

describe('what is no tear', () => {
  it.each<[string, () => Promise<unknown>, number]>([
    ['earlier revisions that SpecStar has pruned', () => staged.removeItems(revision('c', 1), revision('c', 2)), 9],
    [
      'a current revision that is not the last',
      () =>
        staged.putItems({
          ...itemsOf('c').metadata,
          current_revision_id: { S: 'c:1' },
          rev_updated_time: revision('c', 1)['updated_time'] ?? { NULL: true },
        }),
      11,
    ],
    ['revisions whose metadata is not there yet', () => staged.removeItems(itemsOf('c').metadata), 8],
    [
      'times that do not fit each other at rest',
      () => staged.putItems({ ...itemsOf('c').metadata, updated_time: { S: '2020-01-01T00:00:00Z' } }),
      11,
    ],
  ])('%s is exported as it is', async (_what, write, revisions) => {
    await write()
    const { job, archive } = await staged.export(['city'])
    expect(job.result?.models).toMatchObject({ city: { revisions } })
    const before = lasting(await staged.contents())
    await staged.removeItems(...world.items.filter((item) => item['resource_id']?.S !== 'c'))
    expect(await staged.restore(archive)).toMatchObject({ status: 'succeeded' })
    const after = lasting(await staged.contents())
    const ofCities = ([, item]: [string, Item]): boolean => item['pk']?.S?.startsWith('city#') === true
    expect(after.items.filter(ofCities)).toEqual(before.items.filter(ofCities))
  })
})
