import { describe, expect, it } from 'vitest'
import { readSettings, SettingsError } from '../../infra/settings.ts'
import { loadModelsFile } from '../../shared/resources/models.ts'

const MODELS = await loadModelsFile(new URL('../../shared/models.json', import.meta.url))
const read = (settings: unknown): ReturnType<typeof readSettings> => readSettings(settings, MODELS)
const nightly = { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 }

describe('settings', () => {
  it('need a name alone', () => {
    expect(read({ deployment: 'prod' })).toEqual({
      deployment: 'prod',
      schedules: [],
      schedules_json: '[]',
      retention: { old_versions_days: 90, log_days: 90 },
      upload_strategy: 'raise_error',
      restore_from: [],
      resource_routes: true,
      encryption: 's3',
      throttle: { rate: 20, burst: 40 },
    })
  })

  it('hand the schedules on as they were written', () => {
    const { schedules, schedules_json } = read({ deployment: 'prod', schedules: [nightly] })
    expect(schedules).toMatchObject([{ name: 'nightly', timing: { cron: '0 3 * * ? *' } }])
    expect(JSON.parse(schedules_json)).toEqual([nightly])
  })

  it.each<[string, unknown, readonly string[]]>([
    ['nothing', undefined, ['deployment: nothing must be a letter']],
    [
      'AWS’s own name',
      { deployment: 'default' },
      ['deployment: "default" is a name, or begins as one, that AWS itself uses'],
    ],
    ['a name with capitals', { deployment: 'Prod' }, ['deployment: "Prod" must be a letter']],
    [
      'an unknown setting',
      { deployment: 'prod', shedules: [] },
      ['shedules: [] is no setting; settings: deployment, schedules'],
    ],
    [
      'an unknown one inside',
      { deployment: 'prod', throttle: { rps: 1 } },
      ['throttle.rps: 1 is no setting; settings: rate, burst'],
    ],
    [
      'days that CloudWatch does not keep',
      { deployment: 'prod', retention: { log_days: 42 } },
      ['retention.log_days: 42 must be one of 1, 3, 5'],
    ],
    [
      'another strategy',
      { deployment: 'prod', upload_strategy: 'merge' },
      ['upload_strategy: "merge" must be one of: overwrite'],
    ],
    [
      'a bucket that is none',
      { deployment: 'prod', restore_from: ['My Bucket'] },
      ['restore_from.0: "My Bucket" must be'],
    ],
    ['no address', { deployment: 'prod', alarm_email: 'me' }, ['alarm_email: "me" must be an e-mail address']],
    ['a lock of no days', { deployment: 'prod', archive_lock_days: 0 }, ['archive_lock_days: 0 must be 1 at least']],
    ['another encryption', { deployment: 'prod', encryption: 'none' }, ['encryption: "none" must be kms or s3']],
    [
      'a schedule that is wrong',
      { deployment: 'prod', schedules: [{ ...nightly, cron: 'daily' }] },
      ['schedules.0.cron: "daily" must have six fields'],
    ],
    [
      'a schedule of a model that is not registered',
      { deployment: 'prod', schedules: [{ ...nightly, models: ['planet'] }] },
      ['schedules.0 (nightly): model planet is not registered'],
    ],
    [
      'schedules that do not fit into a function’s environment',
      { deployment: 'prod', schedules: Array.from({ length: 60 }, (_, k) => ({ ...nightly, name: `n${k}` })) },
      ['schedules: take', '2300 are allowed'],
    ],
    [
      'a schedule’s unknown member',
      { deployment: 'prod', schedules: [{ ...nightly, keep: 1 }] },
      ['schedules.0.keep: 1 is no setting; settings: name, cron'],
    ],
    [
      'a schedule that is over',
      { deployment: 'prod', schedules: [{ ...nightly, cron: '0 3 1 1 ? 2020' }] },
      ['schedules.0 (nightly): it is never due again'],
    ],
    [
      'a text for a number',
      { deployment: 'prod', archive_lock_days: '30' },
      ['archive_lock_days: "30" must be a number of days'],
    ],
    ['a bucket twice', { deployment: 'prod', restore_from: ['abc', 'abc'] }, ['names a bucket twice']],
    ['an address for a bucket', { deployment: 'prod', restore_from: ['192.168.1.1'] }, ['restore_from.0']],
    ['two faults', { deployment: '', encryption: 'x' }, ['deployment: ""', 'encryption: "x"']],
  ])('are refused with %s', (_, settings, says) => {
    expect(() => read(settings)).toThrow(SettingsError)
    for (const text of ['cdk.json', ...says]) expect(() => read(settings)).toThrow(text)
  })
})
