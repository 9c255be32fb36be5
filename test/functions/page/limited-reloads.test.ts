import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LimitedReloads } from '../../../functions/page/source/model/limited-reloads.ts'

let reloads: number[]
let limited: LimitedReloads
beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
  reloads = []
  limited = new LimitedReloads(() => reloads.push(Date.now() / 1_000))
})
afterEach(() => {
  vi.useRealTimers()
})

const jobsEndAt = (...seconds: number[]): void => {
  for (const second of seconds)
    setTimeout(() => {
      limited.jobEnded()
    }, second * 1_000)
}

describe('the reloads of a list of archives', () => {
  it('happen when a job has ended, and again when its result is recorded', () => {
    jobsEndAt(1)
    vi.advanceTimersByTime(60_000)
    expect(reloads).toEqual([1, 11])
  })

  it.each([
    [
      [0, 1],
      [0, 10],
    ],
    [
      [0, 5],
      [0, 10, 20],
    ],
    [
      [0, 12],
      [0, 10, 20],
    ],
    [
      [0, 15],
      [0, 10, 20, 30],
    ],
    [
      [0, 30],
      [0, 10, 30, 40],
    ],
  ])('happen at most every ten seconds if jobs end at %j', (ends, expected) => {
    jobsEndAt(...ends)
    vi.advanceTimersByTime(120_000)
    expect(reloads).toEqual(expected)
  })

  it('do not become more frequent if jobs end all the time', () => {
    jobsEndAt(...Array.from({ length: 40 }, (_, n) => n * 1.5))
    vi.advanceTimersByTime(120_000)
    expect(reloads).toEqual([0, 10, 20, 30, 40, 50, 60, 70])
  })

  it('end when the view is closed', () => {
    jobsEndAt(0)
    vi.advanceTimersByTime(1_000)
    limited.stop()
    vi.advanceTimersByTime(60_000)
    expect(reloads).toEqual([0])
  })
})
