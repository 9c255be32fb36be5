import fc from 'fast-check'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { workUntil } from '../../shared/jobs/work-until.ts'

/** Returns after a number of turns of the event loop. */
const turns = async (count: number): Promise<void> => {
  for (let k = 0; k < count; k++) await nextTurn()
}

describe('working until the time is up', () => {
  it('returns the results of the first items in order, whenever the time is up', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 20 }),
        async (delays, concurrency, ends) => {
          let done = 0
          const work = async (delay: number): Promise<string> => {
            await turns(delay)
            done += 1
            return `after ${delay}`
          }
          const results = await workUntil(delays, work, { concurrency, timeIsUp: () => done >= ends })
          expect(results).toEqual(delays.slice(0, results.length).map((delay) => `after ${delay}`))
          expect(results.length).toBeGreaterThanOrEqual(Math.min(delays.length, concurrency))
          expect(results.length).toBeLessThanOrEqual(ends + concurrency)
        },
      ),
    )
  })

  it('throws the error of a call after the other calls have ended, and begins no more', async () => {
    const ended: number[] = []
    const work = async (item: number): Promise<void> => {
      if (item === 1) throw new Error('item 1 failed')
      await turns(3)
      ended.push(item)
    }
    const working = workUntil([0, 1, 2, 3, 4, 5], work, { concurrency: 3, timeIsUp: () => false })
    await expect(working).rejects.toThrow('item 1 failed')
    expect(ended).toEqual([0, 2])
  })

  it.each([
    [0, false],
    [1, true],
    [4, true],
  ])('returns the results before the throttled item %s, if there are any (%s)', async (throttled, hasResults) => {
    const error = new Error('throttled')
    const work = async (item: number): Promise<number> => {
      if (item === throttled) throw error
      await turns(3)
      return item
    }
    const options = { concurrency: 3, timeIsUp: () => false, mustHandOver: (given: unknown) => given === error }
    const working = workUntil([0, 1, 2, 3, 4, 5], work, options)
    if (!hasResults) await expect(working).rejects.toBe(error)
    else expect(await working).toEqual(Array.from({ length: throttled }, (_, item) => item))
  })
})
