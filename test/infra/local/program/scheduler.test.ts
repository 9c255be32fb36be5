import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EVENTS, type RateNumbers } from '../../../../functions/events.ts'
import { LocalScheduler } from '../../../../infra/local/program/scheduler.ts'
import type { Schedule } from '../../../../shared/schedules/schedule.ts'

const nightly: Schedule = { name: 'nightly', timing: { cron: '0 3 * * ? *' }, filters: {}, strict: true, keep_days: 1 }

/** Lets a scheduler run all triggers of the table of events until a time. Returns the functions that it has called. */
const callsUntil = async (time: string, settings: { schedules: Schedule[]; retention: object }) => {
  const calls: [string, object][] = []
  const triggers = EVENTS.map(({ name, trigger }) => ({
    name,
    trigger,
    invoke: (event: object) => Promise.resolve(calls.push([name, event])),
  }))
  const scheduler = new LocalScheduler(triggers, settings)
  vi.setSystemTime(time)
  await new Promise((resolve) => setTimeout(resolve, 100))
  await scheduler.close()
  return byName(calls)
}

/** The calls of all functions that run at a rate, that the settings need and that are due at the time. */
const ratesDue = (time: string, settings: RateNumbers): [string, object][] =>
  EVENTS.flatMap(({ name, trigger }): [string, object][] =>
    trigger.type === 'rate' && trigger.isNeeded(settings) && (Date.parse(time) / 3600_000) % trigger.hours === 0
      ? [[name, {}]]
      : [],
  )

/** Sorts calls by the name of the function. */
const byName = (calls: [string, object][]): [string, object][] => calls.sort(([a], [b]) => (a < b ? -1 : 1))

describe('LocalScheduler', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-01T02:59:59.990Z') })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('calls the functions of all schedules and rates that are due', async () => {
    const time = '2026-01-01T03:00:00Z'
    const rates = ratesDue(time, { schedules: 1, retention: 0, copies: 0 })
    expect(rates).toContainEqual(['check-schedules', {}])
    expect(await callsUntil(time, { schedules: [nightly], retention: {} })).toEqual(
      byName([...rates, ['start-scheduled', { schedule: 'nightly', at: '2026-01-01T03:00:00.000Z' }]]),
    )
  })

  it('calls no function before its time', async () => {
    expect(await callsUntil('2026-01-01T02:59:59.995Z', { schedules: [nightly], retention: {} })).toEqual([])
  })

  it('does not call functions that the settings do not need', async () => {
    vi.setSystemTime('2026-01-01T23:59:59.990Z')
    const time = '2026-01-02T00:00:00Z'
    const calls = await callsUntil(time, { schedules: [], retention: { exports: 1 } })
    expect(calls).toEqual(byName(ratesDue(time, { schedules: 0, retention: 1, copies: 0 })))
    const names = calls.map(([name]) => name)
    expect(names).toContain('prune')
    expect(names).not.toContain('check-schedules')
  })
})
