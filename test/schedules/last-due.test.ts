import { describe, expect, it } from 'vitest'
import { lastDue } from '../../shared/schedules/last-due.ts'

const at = (text: string): Date => new Date(text)
const BERLIN = 'Europe/Berlin'
const QUARTERS = { timing: { cron: '0/15 * * * ? *', timezone: BERLIN } }

describe('the last time whose archive must exist', () => {
  it('is the last one whose grace time of half a period, or 6 hours, is over', () => {
    const nightly = { timing: { cron: '0 3 * * ? *' } }
    expect(lastDue(nightly, at('2026-11-28T08:59:00Z'))).toEqual(at('2026-11-27T03:00:00Z'))
    expect(lastDue(nightly, at('2026-11-28T09:01:00Z'))).toEqual(at('2026-11-28T03:00:00Z'))
    expect(lastDue({ timing: { rate: '2 hours' } }, at('2026-11-28T12:00:00Z'))).toEqual(at('2026-11-28T09:00:00Z'))
    expect(lastDue({ timing: { cron: '0 3 1 1 ? 2199' } }, at('2026-11-28T12:00:00Z'))).toBeUndefined()
    const once = { timing: { cron: '0 3 28 11 ? 2026' } }
    expect(lastDue(once, at('2026-11-28T04:00:00Z'))).toBeUndefined()
    expect(lastDue(once, at('2026-11-28T10:00:00Z'))).toEqual(at('2026-11-28T03:00:00Z'))
  })

  it('demands no archive of a repeated time before its second occurrence is over', () => {
    // In Berlin, 02:00 to 02:59 occur from 00:00 UTC and again from 01:00 UTC on 25 October 2026.
    expect(lastDue(QUARTERS, at('2026-10-25T00:40:00Z'))).toEqual(at('2026-10-24T23:45:00Z'))
    expect(lastDue(QUARTERS, at('2026-10-25T01:05:00Z'))).toEqual(at('2026-10-24T23:45:00Z'))
    expect(lastDue(QUARTERS, at('2026-10-25T01:40:00Z'))).toEqual(at('2026-10-25T00:30:00Z'))
    expect(lastDue(QUARTERS, at('2026-10-25T02:50:00Z'))).toEqual(at('2026-10-25T02:30:00Z'))
  })

  it('demands no archive of a time that does not exist', () => {
    // In Berlin, the clock is set from 02:00 to 03:00 at 01:00 UTC on 29 March 2026.
    expect(lastDue(QUARTERS, at('2026-03-29T01:05:00Z'))).toEqual(at('2026-03-29T00:45:00Z'))
    const nightly = { timing: { cron: '30 2 * * ? *', timezone: BERLIN } }
    expect(lastDue(nightly, at('2026-03-29T20:00:00Z'))).toEqual(at('2026-03-28T01:30:00Z'))
  })

  it('is absent if the only times before are repeated ones whose second occurrence is not over', () => {
    const once = { timing: { cron: '30 2 25 10 ? 2026', timezone: BERLIN } }
    expect(lastDue(once, at('2026-10-25T06:45:00Z'))).toBeUndefined()
    expect(lastDue(once, at('2026-10-25T07:45:00Z'))).toEqual(at('2026-10-25T00:30:00Z'))
  })
})
