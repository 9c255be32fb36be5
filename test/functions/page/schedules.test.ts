import { describe, expect, it } from 'vitest'
import { lastGoodOf, punctualityOf } from '../../../functions/page/source/model/schedules.ts'

const at = '2026-01-20T03:00:00.000Z'

describe('the last good archive of a schedule', () => {
  it('is that of the answer', () => {
    expect(lastGoodOf({ last_good_at: at, overdue: true })).toMatchObject({ text: '', at })
  })

  it('is missing only if all archives were examined', () => {
    expect(lastGoodOf({ overdue: true })).toEqual({ text: 'none', sentence: 'It has no good archive' })
    for (const schedule of [{ searched_until: at, overdue: true }, { searched_until: at }])
      expect(lastGoodOf(schedule)).toEqual({
        text: 'none since',
        sentence: 'It has had no good archive since',
        at,
      })
    expect(lastGoodOf({})).toMatchObject({ text: 'unknown' })
  })
})

describe('the punctuality of a schedule', () => {
  it('is unknown if the answer does not contain it', () => {
    expect([{ overdue: false }, { overdue: true }, {}].map(punctualityOf)).toEqual(['on time', 'late', 'unknown'])
  })
})
