import { must } from '../values/must.ts'

/*
 * Conversion between instants and the wall-clock time of a time zone. A wall-clock time is written as the number of
 * milliseconds since 1970 of the same date and time in UTC.
 */

export interface WallClock {
  /** Returns the wall-clock time at an instant. */
  readonly at: (instant: Date) => number
  /**
   * Returns the instants at which the clock shows a time, earliest first: none if the clock is set forward over this
   * time, and two if it is set back.
   */
  readonly instantsOf: (wallTime: number) => Date[]
}

/** No zone has set its clocks back by more than three hours at once since 1970. */
export const MAX_SET_BACK_MS = 3 * 3600_000

const DAY_MS = 24 * 3600_000

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
