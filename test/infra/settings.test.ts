import { describe, expect, it } from 'vitest'
import { objectRetention, readSettings } from '../../infra/settings.ts'
import { loadModelsFile } from '../../shared/resources/models.ts'

const MODELS = await loadModelsFile(new URL('../../shared/models.json', import.meta.url))
const read = (settings: unknown): ReturnType<typeof readSettings> => readSettings(settings, MODELS)
const nightly = { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 }

describe('readSettings', () => {
  it('needs nothing but the name of the deployment', () => {
    expect(read({ deployment: 'prod' })).toEqual({
      deployment: 'prod',
      schedules: [],
      schedules_json: '[]',
      retention: { old_versions_days: 90, log_days: 90 },
      upload_strategy: 'raise_error',
      account_items: true,
      restore_from: [],
      existing: {},
      resource_routes: true,
      encryption: 's3',
      max_concurrency: 64,
      throttle: { rate: 20, burst: 40 },
    })
  })

  it('returns the schedules also as the JSON text that the settings contain', () => {
    const { schedules, schedules_json } = read({ deployment: 'prod', schedules: [nightly] })
    expect(schedules).toMatchObject([{ name: 'nightly', timing: { cron: '0 3 * * ? *' } }])
    expect(JSON.parse(schedules_json)).toEqual([nightly])
  })

  it('returns the buckets of restore_from with their accounts, which may be unknown', () => {
    const restore_from = ['abc', { bucket: 'def', account: '000000000001' }]
    expect(read({ deployment: 'prod', restore_from }).restore_from).toEqual([
      { bucket: 'abc' },
      { bucket: 'def', account: '000000000001' },
    ])
  })

  it('accepts the buckets of an earlier deployment as existing ones, and copies to another account', () => {
    const existing = {
      resource_table: 'prod-resources',
      blob_bucket: 'prod-blobs-111111111111-eu-west-1',
      restore_bucket: 'prod-restores-111111111111-eu-west-1',
    }
    const copy_archives_to = { bucket: 'prod-restores-222222222222-eu-west-1', account: '222222222222' }
    expect(read({ deployment: 'prod', existing, copy_archives_to })).toMatchObject({ existing, copy_archives_to })
  })

  it('keep exports, slots, uploads and reports for ever, unless they state a number of days', () => {
    expect(objectRetention(read({ deployment: 'prod' }))).toEqual({})
    const retention = { exports_days: 1, slots_days: 2, uploads_days: 3, reports_days: 4 }
    expect(objectRetention(read({ deployment: 'prod', retention }))).toEqual({
      exports: 1,
      slots: 2,
      uploads: 3,
      reports: 4,
    })
  })
})
