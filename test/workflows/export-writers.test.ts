import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { must } from '../../shared/values/must.ts'
import type { Item } from '../../shared/tables/item.ts'
import { numbersOf } from '../large/noise.ts'
import { fill, worldWith, type World } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

const MEMOS = 120

let staged: StagedWorkflows
beforeAll(async () => {
  // Small ranges: many children read, one after the other, while writers go on.
  staged = await StagedWorkflows.start({ limits: { rangeBytes: 20_000 } })
})
afterAll(() => staged.stop())

/** A memo with so many revisions, its text and rank those of the last one. */
const memo = (id: string, revisions: number): World =>
  worldWith(staged.services.models, {
    model: 'memo',
    id,
    payloads: Array.from({ length: revisions }, (_, k) => ({ text: `as of ${k + 1}`, rank: k + 1 })),
  })

/** The writers' own order: a revision first, the metadata that name it last. */
const write = async ({ items: [metadata, ...revisions] }: World): Promise<void> => {
  await staged.putItems(must(revisions.at(-1)))
  await staged.putItems(must(metadata))
}
/** And a deletion: the metadata first. */
const remove = async ({ items: [metadata, ...revisions] }: World): Promise<void> => {
  await staged.removeItems(must(metadata))
  await staged.removeItems(...revisions)
}

describe('an export while writers are at work', () => {
  it('holds only resources that existed, each whole, as of one moment', async () => {
    const counts = new Map(Array.from({ length: MEMOS }, (_, k) => [`memo ${k}`, 1]))
    for (const id of counts.keys()) await fill(staged.outside, memo(id, 1))
    const state = { exporting: true }
    let writes = 0
    const numbers = numbersOf('writers')
    const writing = (async () => {
      while (state.exporting) {
        const id = `memo ${Math.floor(numbers() * MEMOS)}`
        const count = counts.get(id) ?? 0
        if (count > 0 && numbers() < 0.1) {
          await remove(memo(id, count))
          counts.set(id, 0)
        } else {
          await write(memo(id, count + 1))
          counts.set(id, count + 1)
        }
        writes += 1
        await turn()
      }
    })()
    const { job, archive } = await staged.export(['memo'])
    state.exporting = false
    await writing
    expect(job.status).toBe('succeeded')
    expect(writes).toBeGreaterThan(10)

    await staged.wipe()
    expect(await staged.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
    const { items } = await staged.contents()
    const all = [...items.values()]
    const metadata = all.filter((item) => item['pk']?.S?.startsWith('memo#m') === true)
    expect(metadata.length).toBeGreaterThan(MEMOS / 2)
    for (const one of metadata) {
      const id = one['resource_id']?.S ?? ''
      const count = Number(one['total_revision_count']?.N)
      const own = all.filter((item) => item !== one && item['resource_id']?.S === id)
      const existed = memo(id, count).items
      expect(values([one, ...own])).toEqual(values(existed))
    }
  })
})

const values = (items: readonly Item[]): unknown[] =>
  items
    .map(({ sk, data, current_revision_id, indexed_data }) => ({ sk, data, current_revision_id, indexed_data }))
    .sort((a, b) => ((a.sk?.S ?? '') < (b.sk?.S ?? '') ? -1 : 1))
