import { describe, expect, it } from 'vitest'
import { loadModelsFile } from '../../shared/resources/models.ts'
import { ConfigError, readConfig } from '../../shared/runtime/config.ts'
import { type Schedule, scheduledRequest, validateSchedule } from '../../shared/schedules/schedule.ts'

const MODELS = await loadModelsFile(new URL('../../shared/models.json', import.meta.url))

const read = (...schedules: readonly object[]): readonly Schedule[] =>
  readConfig({ SCHEDULES: JSON.stringify(schedules) }).schedules
const nightly = { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 }

describe('the schedules of a deployment', () => {
  it('are read from the environment', () => {
    const [schedule] = read({ ...nightly, timezone: 'Asia/Taipei', models: ['city'], filters: { is_deleted: false } })
    expect(schedule).toEqual({
      name: 'nightly',
      timing: { cron: '0 3 * * ? *', timezone: 'Asia/Taipei' },
      models: ['city'],
      filters: { is_deleted: false },
      strict: false,
      keep_days: 30,
    })
  })

  it('pass their min_ratio on to their exports', () => {
    const [schedule] = read({ ...nightly, min_ratio: 0.9 })
    const request = scheduledRequest(schedule ?? expect.fail(), new Date('2026-01-05T03:00:00Z'), MODELS)
    expect(request.schedule).toEqual({ name: 'nightly', at: '2026-01-05T03:00:00.000Z', min_ratio: 0.9 })
  })

  it.each<[string, readonly object[], string]>([
    ['a name with a space', [{ ...nightly, name: 'each night' }], 'letters, digits'],
    ['two equal names', [nightly, nightly], 'unique names'],
    ['neither cron nor rate', [{ name: 'x', keep_days: 1 }], 'must be set if there is no rate'],
    ['both cron and rate', [{ ...nightly, rate: '1 day' }], 'cannot be combined with rate'],
    ['a time zone for a rate', [{ name: 'x', rate: '1 day', timezone: 'UTC', keep_days: 1 }], 'only allowed with cron'],
    ['an invalid cron', [{ ...nightly, cron: 'daily' }], 'six fields'],
    ['an invalid rate', [{ name: 'x', rate: 'daily', keep_days: 1 }], '12 hours'],
    ['an offset as time zone', [{ ...nightly, timezone: '+02:00' }], 'Europe/Berlin'],
    ['an unknown time zone', [{ ...nightly, timezone: 'Mars/X' }], 'Europe/Berlin'],
    ['no days to keep', [{ ...nightly, keep_days: 0 }], 'at least 1'],
    ['a ratio over 1', [{ ...nightly, min_ratio: 1.1 }], 'must be a number from 0 to 1'],
    ['a negative ratio', [{ ...nightly, min_ratio: -0.1 }], 'must be a number from 0 to 1'],
    ['a ratio as text', [{ ...nightly, min_ratio: '0.5' }], 'must be a number from 0 to 1'],
    ['an unknown member', [{ ...nightly, keep: 3 }], 'keep'],
  ])('are rejected with %s', (_, schedules, reason) => {
    expect(() => read(...schedules)).toThrow(ConfigError)
    expect(() => read(...schedules)).toThrow(reason)
    expect(() => read(...schedules)).toThrow('SCHEDULES')
  })

  it('may contain one whose last time is over, because the others must go on', () => {
    const once = { ...nightly, name: 'once', cron: '0 3 1 1 ? 2020' }
    const [first, second] = read(once, nightly)
    expect([first?.name, second?.name]).toEqual(['once', 'nightly'])
    expect(validateSchedule(first ?? expect.fail(), MODELS)).toBe('cron matches no time in the future')
  })

  it('are read together with the days for which other objects are kept', () => {
    expect(readConfig({}).retention).toEqual({})
    expect(readConfig({ RETENTION: '{"exports":3,"uploads":4}' }).retention).toEqual({ exports: 3, uploads: 4 })
    for (const RETENTION of ['{"exports":0}', '{"blobs":1}', '{"slots":"1"}', 'x'])
      expect(() => readConfig({ RETENTION })).toThrow('RETENTION')
  })

  it('are rejected if they are not JSON', () => {
    expect(() => readConfig({ SCHEDULES: 'nightly' })).toThrow('must be JSON')
  })
})

describe('the request of a schedule', () => {
  const [schedule] = read({ ...nightly, models: ['memo', 'city'], filters: { created_bys: ['alice'] } })
  const scheduleWith = (more: object): Schedule => ({ ...(schedule ?? expect.fail()), ...more })

  it('exports its models with its filters, and is strict only if the setting is', () => {
    expect(scheduledRequest(scheduleWith({}), new Date('2026-01-05T03:00:00Z'), MODELS)).toEqual({
      models: ['city', 'memo'],
      filters: { created_bys: ['alice'] },
      strict: false,
      format: 'acbak',
      schedule: { name: 'nightly', at: '2026-01-05T03:00:00.000Z' },
    })
    expect(validateSchedule(scheduleWith({}), MODELS)).toBeUndefined()
  })

  it.each<[string, object, string]>([
    ['a model that is not registered', { models: ['planet'] }, 'planet'],
    ['an unknown filter', { filters: { colour: 'red' } }, 'colour'],
    ['an option of exports', { filters: { strict: false } }, 'strict'],
    ['an invalid filter', { filters: { qb: 'QB[' } }, 'qb'],
    ['filters that cannot be combined', { filters: { qb: 'QB["a"] == 1', created_bys: ['x'] } }, 'created_bys'],
  ])('is rejected with %s', (_, more, reason) => {
    expect(validateSchedule(scheduleWith(more), MODELS)).toContain(reason)
  })
})
