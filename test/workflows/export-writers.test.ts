import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { must } from '../../shared/values/must.ts'
import type { Item } from '../../shared/tables/item.ts'
import { numbersOf } from '../large/noise.ts'
import { writeToStore, buildResource, type StoreData } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const MEMOS = 120

// The ranges are small, so that many map items read one after the other while clients write.
const runner = await startRunner({ limits: { rangeBytes: 20_000 } })

/** A memo with this number of revisions. */
const memo = (id: string, revisions: number): StoreData =>
  buildResource(runner.services.models, {
    model: 'memo',
    id,
    payloads: Array.from({ length: revisions }, (_, k) => ({ text: `as of ${k + 1}`, rank: k + 1 })),
  })

/** Writes in the order of SpecStar: first the revision, then the metadata that references it. */
const write = async ({ items: [metadata, ...revisions] }: StoreData): Promise<void> => {
  await runner.putItems(must(revisions.at(-1)))
  await runner.putItems(must(metadata))
}
/** Deletes in the order of SpecStar: first the metadata. */
const remove = async ({ items: [metadata, ...revisions] }: StoreData): Promise<void> => {
  await runner.removeItems(must(metadata))
  await runner.removeItems(...revisions)
}

describe('an export during writes of other clients', () => {
  it('contains each resource completely, as it was at one moment', async () => {
    const counts = new Map(Array.from({ length: MEMOS }, (_, k) => [`memo ${k}`, 1]))
    for (const id of counts.keys()) await writeToStore(runner.clients, memo(id, 1))
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
    const { job, archive } = await runner.export(['memo'])
    state.exporting = false
    await writing
    expect(job.status).toBe('succeeded')
    expect(writes).toBeGreaterThan(10)

    await runner.wipe()
    expect(await runner.restore(archive)).toMatchObject({ result: { verification: { passed: true } } })
    const { items } = await runner.contents()
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
