import { describe, expect, it } from 'vitest'
import { EndingResources } from '../../../shared/restore/apply/ending-resources.ts'
import { ThrottledError } from '../../../shared/throttling/throttled-error.ts'

const throttled = new ThrottledError({ service: 'DynamoDB', operation: 'PutItem' }, 1_000, new Error('slow down'))

/** A resource whose end has this outcome: true if it was loaded, false if it was skipped, or an error. */
const resource = (id: string, end: boolean | Error) => ({
  id,
  bytes: 1,
  addRevision: () => Promise.resolve(),
  end: () => (end instanceof Error ? Promise.reject(end) : Promise.resolve(end)),
})

describe('resources that end in the background', () => {
  it('are counted by group, so that an unfinished group can be left out', async () => {
    const ending = new EndingResources()
    await ending.add(resource('a', true), 0)
    await ending.add(resource('b', false), 0)
    ending.addExisting(1)
    await ending.add(resource('c', true), 1)
    await ending.add(resource('d', throttled), 2)
    await ending.add(resource('e', true), 2)
    await ending.add(resource('f', throttled), 3)
    await ending.settle()
    expect(ending.hasFailed).toBe(true)
    expect(ending.failure).toEqual({ error: throttled, group: 2 })
    expect(ending.outcome(2)).toEqual({ loaded: 2, existing: 1, skippedIds: ['b'] })
    expect(ending.outcome()).toEqual({ loaded: 3, existing: 1, skippedIds: ['b'] })
  })

  it('report the error of a resource that was not throttled, if there is one', async () => {
    const ending = new EndingResources()
    expect(ending.failure).toBeUndefined()
    const conflict = new Error('conflict')
    await ending.add(resource('a', throttled), 1)
    await ending.add(resource('b', conflict), 4)
    await ending.settle()
    expect(ending.failure).toEqual({ error: conflict, group: 1 })
    ending.addFailure(throttled, 0)
    expect(ending.failure).toEqual({ error: conflict, group: 0 })
  })
})
