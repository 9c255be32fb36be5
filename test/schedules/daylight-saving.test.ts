import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { timesOf } from '../../shared/schedules/times.ts'
import { wallClock } from '../../shared/schedules/wall-clock.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** Zones whose clocks change by an hour, half an hour or two hours, in spring or in autumn, or never. */
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'America/St_Johns',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Antarctica/Troll',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'UTC',
] as const

/** The instants in 2026 and 2027 at which the clock of a zone is changed, to the hour. */
const changesOf = (zone: string): number[] => {
  const { at } = wallClock(zone)
  const changes: number[] = []
  const offset = (ms: number): number => at(new Date(ms)) - ms
  for (let ms = Date.UTC(2026, 0); ms < Date.UTC(2028, 0); ms += HOUR_MS)
    if (offset(ms) !== offset(ms + HOUR_MS)) changes.push(ms)
  return changes
}
const CHANGES = new Map(ZONES.map((zone) => [zone, changesOf(zone)] as const))

interface Sample {
  readonly zone: string
  readonly start: number
  readonly hours: readonly number[]
  readonly minutes: readonly number[]
}

/** Windows of 8 hours, most of them around a change of the clock, and crons that may fire several times an hour. */
const Samples: fc.Arbitrary<Sample> = fc.constantFrom(...ZONES).chain((zone) =>
  fc.record({
    zone: fc.constant(zone),
    start: fc
      .tuple(fc.constantFrom(...(CHANGES.get(zone) ?? []), Date.UTC(2026, 5, 1)), fc.integer({ min: -8, max: 2 }))
      .map(([change, hours]) => change + hours * HOUR_MS),
    hours: fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 24 }),
    minutes: fc.uniqueArray(fc.constantFrom(0, 1, 15, 29, 30, 45, 59), { minLength: 1, maxLength: 4 }),
  }),
)

/** The due times of a window, found by looking at the clock every minute. */
const dueByClock = ({ zone, start, hours, minutes }: Sample): Date[] => {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
  const shown = new Set<string>()
  const due: Date[] = []
  for (let ms = start - 4 * HOUR_MS; ms < start + 8 * HOUR_MS; ms += MINUTE_MS) {
    const text = format.format(ms)
    const [, hour = '', minute = ''] = /(\d\d):(\d\d)$/.exec(text) ?? []
    if (!shown.has(text) && ms >= start && hours.includes(Number(hour)) && minutes.includes(Number(minute)))
      due.push(new Date(ms))
    shown.add(text)
  }
  return due
}

describe('the times of a cron expression', () => {
  it('are those at which the clock first shows a matching time, whenever the clock is changed', () => {
    fc.assert(
      fc.property(Samples, (sample) => {
        const { zone: timezone, start, hours, minutes } = sample
        const times = timesOf({ cron: `${minutes.join(',')} ${hours.join(',')} * * ? *`, timezone })
        const expected = dueByClock(sample)
        const end = new Date(start + 8 * HOUR_MS)
        const forwards: Date[] = []
        for (let due = times.next(new Date(start - 1)); due !== undefined && due < end; due = times.next(due))
          forwards.push(due)
        expect(forwards).toEqual(expected)
        expect(times.last(end, expected.length)).toEqual(expected.toReversed())
        for (const due of expected) expect(times.latest(due).getTime()).toBeGreaterThanOrEqual(due.getTime())
      }),
      { numRuns: 150 },
    )
  }, 60_000)

  it('do not include a time that does not exist', () => {
    // In Berlin, 02:00 to 02:59 do not exist on 29 March 2026.
    const times = timesOf({ cron: '30 2 * * ? *', timezone: 'Europe/Berlin' })
    const before = new Date('2026-03-28T01:30:00Z')
    expect(times.next(before)).toEqual(new Date('2026-03-30T00:30:00Z'))
    expect(times.last(new Date('2026-03-29T12:00:00Z'), 1)).toEqual([before])
  })

  it('include a time that occurs twice only once, and know its second occurrence', () => {
    // In Berlin, 02:00 to 02:59 occur twice on 25 October 2026.
    const times = timesOf({ cron: '30 2 * * ? *', timezone: 'Europe/Berlin' })
    const first = new Date('2026-10-25T00:30:00Z')
    expect(times.next(new Date('2026-10-24T12:00:00Z'))).toEqual(first)
    expect(times.next(first)).toEqual(new Date('2026-10-26T01:30:00Z'))
    expect(times.last(new Date('2026-10-25T01:00:00Z'), 1)).toEqual([first])
    expect(times.latest(first)).toEqual(new Date('2026-10-25T01:30:00Z'))
  })

  it('end if no year matches any more', () => {
    const times = timesOf({ cron: '30 2 29 3 ? 2026', timezone: 'Europe/Berlin' })
    expect(times.next(new Date('2026-01-01T00:00:00Z'))).toBeUndefined()
    expect(times.last(new Date('2027-01-01T00:00:00Z'), 2)).toEqual([])
  })
})
