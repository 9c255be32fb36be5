import { describe, expect, it } from 'vitest'
import { loadModelsFile } from '../../shared/resources/models.ts'
import { ConfigError, readConfig } from '../../shared/runtime/config.ts'
import { type Schedule, scheduledRequest, validateSchedule } from '../../shared/schedules/schedule.ts'

const MODELS = await loadModelsFile(new URL('../../shared/models.json', import.meta.url))

const read = (...schedules: readonly object[]): readonly Schedule[] =>
  readConfig({ SCHEDULES: JSON.stringify(schedules) }).schedules
const nightly = { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 }

describe('schedules in the environment', () => {
  it('are read with what they ask for', () => {
    const [schedule] = read({ ...nightly, timezone: 'Asia/Taipei', models: ['city'], filters: { is_deleted: false } })
    expect(schedule).toEqual({
      name: 'nightly',
      timing: { cron: '0 3 * * ? *', timezone: 'Asia/Taipei' },
      models: ['city'],
      filters: { is_deleted: false },
      keep_days: 30,
    })
  })

  it.each<[string, readonly object[], string]>([
    ['a name with a space', [{ ...nightly, name: 'each night' }], 'letters, digits'],
    ['two of one name', [nightly, nightly], 'one name'],
    ['neither cron nor rate', [{ name: 'x', keep_days: 1 }], 'either cron or rate'],
    ['both', [{ ...nightly, rate: '1 day' }], 'either cron or rate'],
    ['a zone for a rate', [{ name: 'x', rate: '1 day', timezone: 'UTC', keep_days: 1 }], 'timezone goes with cron'],
    ['a cron that is none', [{ ...nightly, cron: 'daily' }], 'six fields'],
    ['an offset for a zone', [{ ...nightly, timezone: '+02:00' }], 'Europe/Berlin'],
    ['a zone that is none', [{ ...nightly, timezone: 'Mars/X' }], 'Europe/Berlin'],
    ['no days to keep', [{ ...nightly, keep_days: 0 }], '1 at least'],
    ['an unknown member', [{ ...nightly, keep: 3 }], 'keep'],
  ])('are refused with %s', (_, schedules, why) => {
    expect(() => read(...schedules)).toThrow(ConfigError)
    expect(() => read(...schedules)).toThrow(why)
    expect(() => read(...schedules)).toThrow('SCHEDULES')
  })

  it('are read though the last time of one has come: the others must go on', () => {
    const once = { ...nightly, name: 'once', cron: '0 3 1 1 ? 2020' }
    const [first, second] = read(once, nightly)
    expect([first?.name, second?.name]).toEqual(['once', 'nightly'])
    expect(validateSchedule(first ?? expect.fail(), MODELS)).toBe('it is never due again')
  })

  it('are refused where they are no JSON', () => {
    expect(() => readConfig({ SCHEDULES: 'nightly' })).toThrow('is no JSON')
  })
})

describe('what a schedule asks for', () => {
  const [schedule] = read({ ...nightly, models: ['memo', 'city'], filters: { created_bys: ['alice'] } })
  const given = (more: object): Schedule => ({ ...(schedule ?? expect.fail()), ...more })

  it('is a strict export of its models, by its filters, for its time', () => {
    expect(scheduledRequest(given({}), new Date('2026-01-05T03:00:00Z'), MODELS)).toEqual({
      models: ['city', 'memo'],
      filters: { created_bys: ['alice'] },
      strict: true,
      format: 'acbak',
      schedule: { name: 'nightly', at: '2026-01-05T03:00:00.000Z' },
    })
    expect(validateSchedule(given({}), MODELS)).toBeUndefined()
  })

  it.each<[string, object, string]>([
    ['a model that is not registered', { models: ['planet'] }, 'planet'],
    ['a filter that is none', { filters: { colour: 'red' } }, 'colour'],
    ['an option that is no filter', { filters: { strict: false } }, 'strict'],
    ['a value that is none', { filters: { qb: 'QB[' } }, 'qb'],
    ['filters that exclude each other', { filters: { qb: 'QB["a"] == 1', created_bys: ['x'] } }, 'created_bys'],
  ])('is refused with %s', (_, more, why) => {
    expect(validateSchedule(given(more), MODELS)).toContain(why)
  })
})
