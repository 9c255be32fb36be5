import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addMissingArchives, type AddMissingServices } from '../../shared/catalogue/catalogue-export.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { callContext, withCallBudget } from '../../shared/throttling/call-context.ts'

/** The time of `performance.now()`. */
let now: number
beforeEach(() => {
  now = 1_000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  vi.spyOn(logger, 'error').mockImplementation(() => undefined)
})
afterEach(() => vi.restoreAllMocks())

const announced = Array.from({ length: 40 }, (_, k) => ({ job_id: `job ${k}`, created_at: '2026-01-01T00:00:00.000Z' }))

/** Services with 40 announced archives whose jobs were deleted. Each call ends after `callMs`. */
const servicesOf = (callMs: number) => {
  const withdrawn: string[] = []
  const ends = new Set<number>()
  const call = (): void => {
    ends.add(callContext().until)
    now += callMs
  }
  const services: AddMissingServices = {
    jobs: {
      get: () => {
        call()
        return Promise.resolve(undefined)
      },
    },
    catalogue: {
      announced: () => Promise.resolve(announced),
      announce: () => Promise.resolve(),
      put: () => Promise.resolve(),
      withdraw: (jobId) => {
        withdrawn.push(jobId)
        return Promise.resolve()
      },
    },
  }
  return { services, withdrawn, ends }
}

describe('adding archives that their exports could not add', () => {
  it('handles at most 25 of them in one listing', async () => {
    const { services, withdrawn } = servicesOf(0)
    await addMissingArchives(services)
    expect(withdrawn).toEqual(announced.slice(0, 25).map(({ job_id }) => job_id))
  })

  it('repeats throttled calls for 5 seconds in total, so that a listing has time to respond', async () => {
    const { services, ends } = servicesOf(10)
    await withCallBudget({ ms: 29_000 }, () => addMissingArchives(services))
    expect([...ends]).toEqual([6_000])
  })

  it('leaves the others to a later listing if the calls take longer', async () => {
    const { services, withdrawn } = servicesOf(2_000)
    await addMissingArchives(services)
    expect(withdrawn).toEqual(['job 0', 'job 1', 'job 2'])
  })
})
