import { must } from '../values/must.ts'
import { DAY_MS } from '../values/durations.ts'

/*
 * Converts between instants and wall-clock times of a time zone. A wall-clock time is the date and time of day that a
 * clock in the zone shows. It is represented by the number of milliseconds from 1970 to the same date and time of day
 * in UTC.
 */

interface WallClock {
  /** Returns the wall-clock time at an instant. */
  readonly at: (instant: Date) => number
  /**
   * Returns the instants at which the clock shows a time, earliest first. If the clock is set forward and skips this
   * time, the list is empty. If the clock is set back and shows this time twice, the list has two instants.
   */
  readonly instantsOf: (wallTime: number) => Date[]
}

/** The longest time by which any time zone has set its clock back since 1970, in ms. */
export const MAX_SET_BACK_MS = 3 * 3600_000

/** Returns the wall clock of a time zone, such as `Europe/Berlin`. */
export const wallClock = (timeZone: string): WallClock => {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const offsetAt = (ms: number): number => {
    const parts = format.formatToParts(ms)
    const field = (name: string): number => Number(must(parts.find(({ type }) => type === name)).value)
    const day = Date.UTC(field('year'), field('month') - 1, field('day'))
    const time = (field('hour') * 60 + field('minute')) * 60 + field('second')
    return day + time * 1000 - Math.floor(ms / 1000) * 1000
  }
  return {
    at: (instant) => instant.getTime() + offsetAt(instant.getTime()),
    instantsOf: (wallTime) => {
      // The offset changes at most once within two days, so one of these offsets applies.
      const offsets = new Set([wallTime - DAY_MS, wallTime, wallTime + DAY_MS].map(offsetAt))
      return [...offsets]
        .map((offset) => wallTime - offset)
        .filter((ms) => ms + offsetAt(ms) === wallTime)
        .sort((a, b) => a - b)
        .map((ms) => new Date(ms))
    },
  }
}
