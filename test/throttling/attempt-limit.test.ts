import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AttemptLimit, type AttemptOutcome, MAX_IN_FLIGHT } from '../../shared/throttling/attempt-limit.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A deadline that no test reaches. */
const NEVER = 1e9

let clock: VirtualClock
beforeEach(() => {
  clock = VirtualClock.install()
})
afterEach(() => {
  clock.uninstall()
})

/** Runs attempts one after the other, each of which takes 10 ms. */
const attempt = async (limit: AttemptLimit, ...outcomes: readonly AttemptOutcome[]): Promise<void> => {
  for (const outcome of outcomes) {
    const end = await limit.begin(NEVER)
    await clock.sleep(10)
    end(outcome)
  }
}
describe('the limit of attempts in flight', () => {
  it('halves once for all attempts that were in flight together, and increases by one for each round', async () => {
    const limit = new AttemptLimit()
    const throttled = Array.from({ length: 32 }, () => attempt(limit, 'throttled'))
    await clock.run(Promise.all(throttled))
    expect(limit.limit).toBe(16)
    await clock.run(Promise.all(Array.from({ length: 17 }, () => attempt(limit, 'succeeded'))))
    expect(limit.limit).toBe(17)
    await clock.run(attempt(limit, 'other'))
    expect(limit.limit).toBe(17)
  })

  it('lets no more attempts begin, in the order in which they were requested', async () => {
    const limit = new AttemptLimit()
    await clock.run(Promise.all(Array.from({ length: 4 }, () => attempt(limit, 'throttled'))))
    expect(limit.limit).toBe(2)
    const begun: number[] = []
    let inFlight = 0
    let most = 0
    const work = async (n: number): Promise<void> => {
      const end = await limit.begin(NEVER)
      begun.push(n)
      inFlight += 1
      most = Math.max(most, inFlight)
      await clock.sleep(10)
      inFlight -= 1
      end('other')
    }
    const numbers = Array.from({ length: 10 }, (_, n) => n)
    await clock.run(Promise.all(numbers.map(work)))
    expect(begun).toEqual(numbers)
    expect(most).toBe(2)
  })

  it('is never less than 1, and then paces the attempts, by a second at most on average', async () => {
    const limit = new AttemptLimit()
    await clock.run(attempt(limit, ...Array.from({ length: 20 }, () => 'throttled' as const)))
    expect(limit.limit).toBe(1)
    const startedAt = clock.now
    await clock.run(attempt(limit, ...Array.from({ length: 200 }, () => 'throttled' as const)))
    const pauseMs = (clock.now - startedAt) / 200
    expect(pauseMs).toBeGreaterThan(700)
    expect(pauseMs).toBeLessThan(1_300)
    await clock.run(attempt(limit, ...Array.from({ length: 2_100 }, () => 'succeeded' as const)))
    expect(limit.limit).toBe(MAX_IN_FLIGHT)
  })

  it('lets an attempt begin at its deadline, and ends the wait of an aborted one', async () => {
    const limit = new AttemptLimit()
    await clock.run(attempt(limit, 'throttled'))
    const end = await limit.begin(NEVER)
    const startedAt = clock.now
    await clock.run(limit.begin(startedAt + 500))
    expect(clock.now - startedAt).toBe(500)
    const controller = new AbortController()
    const reason = new Error('the job has ended')
    setTimeout(() => {
      controller.abort(reason)
    }, 100)
    await expect(clock.run(limit.begin(NEVER, controller.signal))).rejects.toBe(reason)
    await expect(limit.begin(NEVER, controller.signal)).rejects.toBe(reason)
    end('other')
  })
})
