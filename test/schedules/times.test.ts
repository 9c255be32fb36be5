import { describe, expect, it } from 'vitest'
import { isTimeZone, type Timing, timesOf } from '../../shared/schedules/times.ts'

const at = (text: string): Date => new Date(text)
const NOON = at('2026-11-28T12:00:00Z')

describe('the times of a schedule', () => {
  it.each<[string, Timing, string, string]>([
    ['each night in UTC', { cron: '0 3 * * ? *' }, '2026-11-29T03:00:00Z', '2026-11-28T03:00:00Z'],
    [
      'each night in Berlin',
      { cron: '0 3 * * ? *', timezone: 'Europe/Berlin' },
      '2026-11-29T02:00:00Z',
      '2026-11-28T02:00:00Z',
    ],
    ['on weekdays by name', { cron: '0 3 ? * MON-FRI *' }, '2026-11-30T03:00:00Z', '2026-11-27T03:00:00Z'],
    [
      'on weekdays by number, Sunday being 1',
      { cron: '0 3 ? * 2-6 *' },
      '2026-11-30T03:00:00Z',
      '2026-11-27T03:00:00Z',
    ],
    ['on the last of a month', { cron: '0 3 L * ? *' }, '2026-11-30T03:00:00Z', '2026-10-31T03:00:00Z'],
    ['on the third Friday', { cron: '0 3 ? * 6#3 *' }, '2026-12-18T03:00:00Z', '2026-11-20T03:00:00Z'],
    ['every quarter of an hour', { cron: '0/15 * * * ? *' }, '2026-11-28T12:15:00Z', '2026-11-28T11:45:00Z'],
    ['in one year only', { cron: '0 0 1 1 ? 2027' }, '2027-01-01T00:00:00Z', ''],
    ['every 12 hours', { rate: '12 hours' }, '2026-11-29T00:00:00Z', '2026-11-28T00:00:00Z'],
    ['every day', { rate: '1 day' }, '2026-11-29T00:00:00Z', '2026-11-28T00:00:00Z'],
    ['every 5 minutes', { rate: '5 minutes' }, '2026-11-28T12:05:00Z', '2026-11-28T11:55:00Z'],
  ])('are computed for a schedule %s', (_, timing, next, last) => {
    const times = timesOf(timing)
    expect(times.next(NOON)).toEqual(at(next))
    expect(times.last(NOON, 1)).toEqual(last === '' ? [] : [at(last)])
  })

  it('before a time are returned newest first, as many as requested', () => {
    expect(timesOf({ rate: '2 hours' }).last(NOON, 2)).toEqual([at('2026-11-28T10:00:00Z'), at('2026-11-28T08:00:00Z')])
    expect(timesOf({ cron: '0 9 * * ? *' }).last(NOON, 2)).toEqual([
      at('2026-11-28T09:00:00Z'),
      at('2026-11-27T09:00:00Z'),
    ])
  })

  it.each<[string, Timing, string]>([
    ['five fields', { cron: '0 3 * * *' }, 'six fields'],
    ['two days', { cron: '0 3 * * * *' }, 'must have `?` in exactly one of'],
    ['no day', { cron: '0 3 ? * ? *' }, 'must have `?` in exactly one of'],
    ['an impossible minute', { cron: '61 3 * * ? *' }, '61'],
    ['the eighth day of a week', { cron: '0 3 ? * 8 *' }, 'day-of-week'],
    ['days up to the eighth', { cron: '0 3 ? * 2-8 *' }, 'day-of-week'],
    ['a day with a sign', { cron: '0 3 ? * +MON *' }, 'day-of-week'],
    ['a step without a start', { cron: '/15 * * * ? *' }, 'minutes'],
    ['? as minute', { cron: '? 3 * * ? *' }, 'minutes'],
    ['? as month', { cron: '0 3 * ? ? *' }, 'month'],
    ['a year after AWS’s last year', { cron: '0 3 * * ? 2200' }, 'year'],
    ['a rate without a unit', { rate: '12' }, 'minutes, hours or days'],
    ['a plural unit after 1', { rate: '1 hours' }, 'minutes, hours or days'],
    ['a singular unit after 2', { rate: '2 hour' }, 'minutes, hours or days'],
    ['a rate of zero', { rate: '0 hours' }, 'minutes, hours or days'],
  ])('are undefined for %s', (_, timing, reason) => {
    expect(() => timesOf(timing)).toThrow(RangeError)
    expect(() => timesOf(timing)).toThrow(reason)
  })

  it.each([
    ['Europe/Berlin', true],
    ['UTC', true],
    ['+02:00', false],
    ['Europe/Atlantis', false],
    ['', false],
  ])('accept %s as a time zone: %s', (zone, isAccepted) => {
    expect(isTimeZone(zone)).toBe(isAccepted)
  })
})
