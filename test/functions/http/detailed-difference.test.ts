import { describe, expect, it } from 'vitest'
import { detailedDifference } from '../../../functions/http/detailed-difference.ts'
import type { ValueChange } from '../../../shared/differences/compare-values.ts'
import { bytesInResponse } from '../../../shared/values/response-size.ts'

const RESOURCE = { group: 'changed', model: 'city', resource_id: 'a' } as const

/** A resource of which so many fields were added, with names of this length. */
const withFields = (count: number, length: number) => {
  const changes = Array.from({ length: count }, (_, k): ValueChange => {
    const name = k.toString().padStart(length, '"')
    return { op: 'add', path: ['payload', name], new: 'x' }
  })
  return detailedDifference(RESOURCE, { now: 'changed', changes, revisions: [] })
}

describe('a resource with long names of changed fields', () => {
  it('contains the fields if they fit into a response', () => {
    const difference = withFields(150, 10_000)
    expect(difference.fields).toHaveLength(100)
    expect(difference.fields_total).toBe(150)
  })

  it('is too large if the fields do not fit into a response', () => {
    const difference = withFields(150, 20_000)
    expect(difference).toEqual({ ...RESOURCE, now: 'too_large' })
    expect(bytesInResponse(difference)).toBeLessThan(1000)
  })
})
