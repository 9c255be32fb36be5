import type { Schedule } from '../api/schemas.ts'

/** The members that show whether a schedule has good archives. */
type Goodness = Pick<Schedule, 'last_good_at' | 'searched_until' | 'overdue'>

/** What is known about the last good archive of a schedule: a text, and the time to which it refers. */
export interface LastGood {
  readonly text: string
  readonly sentence: string
  readonly at?: string
}

/**
 * Describes the last good archive of a schedule, for a table and as a sentence. The time follows `text`, and ends the
 * sentence. If many archives are not good, the server does not examine all of them, so an older archive may be good.
 */
export const lastGoodOf = ({ last_good_at, searched_until, overdue }: Goodness): LastGood => {
  if (last_good_at !== undefined) return { text: '', sentence: 'Its last good archive is from', at: last_good_at }
  if (searched_until !== undefined)
    return { text: 'none since', sentence: 'It has had no good archive since', at: searched_until }
  return overdue === undefined
    ? { text: 'unknown', sentence: 'Its last good archive is unknown' }
    : { text: 'none', sentence: 'It has no good archive' }
}

/** Whether a schedule is on time. This is unknown if the search for a good archive has ended before the due time. */
export const punctualityOf = ({ overdue }: Pick<Schedule, 'overdue'>): 'on time' | 'late' | 'unknown' =>
  overdue === undefined ? 'unknown' : overdue ? 'late' : 'on time'
