import { describe, expect, it } from 'vitest'
import { allOmitted, OmittedDataCollector } from '../../shared/export/omitted-data.ts'

const collected = (...ids: readonly string[]): OmittedDataCollector['member'] => {
  const collector = new OmittedDataCollector()
  for (const id of ids) collector.add('guild', id, 'reason')
  return collector.member
}

describe('the data that a stream cannot contain', () => {
  it('is not listed if there is none', () => {
    expect(collected()).toEqual({})
    expect(allOmitted([{}, collected()])).toBeUndefined()
  })

  it('is counted for all passes, and the first 100 resources are listed', () => {
    const ids = Array.from({ length: 60 }, (_, k) => `r${k}`)
    const omitted = allOmitted([collected(...ids), {}, collected(...ids), collected('last')])
    expect(omitted?.count).toBe(121)
    expect(omitted?.resources.map(({ resource_id }) => resource_id)).toEqual([...ids, ...ids.slice(0, 40)])
    expect(collected(...ids, ...ids).omitted).toMatchObject({ count: 120, resources: { length: 100 } })
  })
})
