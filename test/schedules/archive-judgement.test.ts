import { describe, expect, it } from 'vitest'
import { isCounted, newestFirst, resourcesIn } from '../../shared/schedules/archive-judgement.ts'
import { counts, judgement } from './sample-archives.ts'

describe('the judgements of archives', () => {
  it('are sorted by due time, newest first, also if the times have different offsets', () => {
    const times = ['2026-01-05T03:00:00Z', '2026-01-06T03:00:00+08:00', '2026-01-05T18:59:59Z']
    expect(times.map((at) => ({ at })).sort(newestFirst)).toEqual([
      { at: '2026-01-06T03:00:00+08:00' },
      { at: '2026-01-05T18:59:59Z' },
      { at: '2026-01-05T03:00:00Z' },
    ])
  })

  it('count as good if they are good or confirmed', () => {
    const states = ['good', 'incomplete', 'suspicious', 'confirmed', 'rejected'] as const
    expect(states.filter((state) => isCounted({ state }))).toEqual(['good', 'confirmed'])
  })

  it('contain the resources of all models', () => {
    expect(resourcesIn(judgement(1, { memo: counts(5), city: counts(2) }))).toBe(7)
    expect(resourcesIn(judgement(1, {}))).toBe(0)
  })
})
