import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodeCursor } from '../../shared/requests/cursor.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { keyAttributes } from '../../shared/tables/item.ts'
import { fixture } from '../workflows/program.ts'
import { sampleArchive } from '../catalogue/sample-archive.ts'
import { DAY_MS, keyOf, PruneApi } from './prune-api.ts'

let api: PruneApi
let archive: Buffer
beforeAll(async () => {
  api = await PruneApi.start()
  archive = await fixture('single-v3.acbak')
})
afterAll(() => api.stop())
beforeEach(() => api.reset())

describe('GET /_backup/prune', () => {
  it('lists what the next run deletes and keeps of a schedule, and why, without storing a judgement', async () => {
    const [old, newer] = [keyOf(50), keyOf(40)]
    for (const key of [old, newer]) await api.put('archives', key, archive)
    expect(await api.explain()).toEqual([
      {
        retention: 'schedule',
        schedule: 'nightly',
        bucket: 'specstar-archives',
        key: old,
        job_id: old.split('/').at(-1)?.replace('.acbak', ''),
        at: expect.any(String) as string,
        state: 'good',
        resources: expect.any(Number) as number,
        action: 'delete',
        reason: expect.stringContaining('is older than keep_days (30), and job s-nightly-') as string,
      },
      expect.objectContaining({
        key: newer,
        action: 'keep',
        reason: 'no newer good archive has the same or a wider scope',
      }),
    ])
    expect(await api.services.archiveJudgements.list('nightly')).toEqual([])
    expect(await api.keysIn('archives')).toEqual([old, newer])
  })

  it('examines 16 objects at the same time', async () => {
    for (let k = 0; k < 40; k++) await api.put('archives', `exports/2026/01/01/${100 + k}.acbak`)
    api.clock.ahead = 12 * DAY_MS
    const { objects } = api.services
    const head = objects.head.bind(objects)
    let running = 0
    let most = 0
    vi.spyOn(objects, 'head').mockImplementation(async (...object) => {
      most = Math.max(most, ++running)
      const found = await head(...object)
      running--
      return found
    })
    const keys = (await api.explain()).map(({ key }) => key)
    vi.restoreAllMocks()
    expect(keys).toEqual(Array.from({ length: 40 }, (_, k) => `exports/2026/01/01/${100 + k}.acbak`))
    expect(most).toBe(16)
  })

  it('pages through all schedules and groups, whatever the size of the page', async () => {
    for (const days of [50, 40, 20, 5]) await api.put('archives', keyOf(days), archive)
    await api.put('archives', keyOf(60), Buffer.from('damaged'))
    for (const k of [1, 2, 3]) {
      await api.put('archives', `exports/2026/01/01/${k}.acbak`)
      await api.put('archives', `reports/${k}.json`)
      await api.put('restores', `_slots/${k}.acbak`)
      await api.put('restores', `skip/memo/${k}.acbak`)
    }
    api.clock.ahead = 12 * DAY_MS
    const whole = await api.explain()
    expect(whole).toHaveLength(17)
    for (const limit of [1, 2, 5, 17]) expect(await api.explain(limit)).toEqual(whole)
    expect(new Set(whole.map(({ key }) => key)).size).toBe(17)
    expect(whole.map(({ retention }) => retention).filter((one, k, all) => one !== all[k - 1])).toEqual([
      'schedule',
      'exports',
      'slots',
      'uploads',
      'reports',
    ])
  })

  it('names exactly the objects that the next run deletes', async () => {
    for (const days of [50, 40, 20, 5]) await api.put('archives', keyOf(days), archive)
    for (const key of ['exports/2026/01/01/a.acbak', 'reports/a.json']) await api.put('archives', key)
    await api.put('restores', '_slots/a.acbak')
    await api.put('restores', 'skip/memo/a.acbak')
    await api.put('restores', 'skip/memo/a.acbak.report.json', { passed: true })
    for (const days of [0, 3, 6, 11, 21, 60]) {
      api.clock.ahead = days * DAY_MS
      const explained = await api.explain()
      const expected = explained.flatMap(({ action, key }) => (action === 'keep' ? [key] : []))
      await api.prune()
      expect([...(await api.keysIn('archives')), ...(await api.keysIn('restores'))].sort()).toEqual(expected.sort())
    }
  })

  it.each<[string, string]>([
    ['?limit=0', 'limit'],
    ['?limit=1001', 'limit'],
    ['?cursor=nonsense', 'cursor'],
    [`?cursor=${encodeCursor('prune', { section: 'x', after: 'y' })}`, 'cursor'],
    ['?schedule=nightly', 'schedule'],
  ])('rejects %s', async (query, field) => {
    const response = await api.request(query)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ errors: [{ field }] })
  })
})

describe('the retention of other objects', () => {
  it('deletes exports, reports and slots that are older than their days', async () => {
    await api.put('archives', 'exports/2026/01/01/a.acbak')
    await api.put('archives', 'reports/a.json')
    await api.put('archives', 'elsewhere/a.acbak')
    await api.put('restores', '_slots/a.acbak')
    await api.put('restores', '_slots/a.acbak.report.json', { passed: false })
    api.clock.ahead = 3 * DAY_MS
    expect(await api.prune()).toEqual([
      { schedule: 'nightly', deleted: [] },
      { schedule: 'weekly', deleted: [] },
      { retention: 'exports', deleted: 0 },
      { retention: 'slots', deleted: 2 },
      { retention: 'uploads', deleted: 0 },
      { retention: 'reports', deleted: 0 },
    ])
    api.clock.ahead = 11 * DAY_MS
    await api.prune()
    expect(await api.keysIn('archives')).toEqual(['elsewhere/a.acbak', 'reports/a.json'])
    api.clock.ahead = 21 * DAY_MS
    await api.prune()
    expect(await api.keysIn('archives')).toEqual(['elsewhere/a.acbak'])
  })

  it('keeps an upload until its report says how the restore ended, and the report as long as the upload', async () => {
    const { etag } = await api.put('restores', 'skip/memo/done.acbak')
    await api.put('restores', 'skip/memo/done.acbak.report.json', { passed: false, archive: { etag } })
    await api.put('restores', 'skip/memo/waiting.acbak')
    await api.put('restores', 'skip/memo/running.acbak')
    await api.put('restores', 'skip/memo/running.acbak.report.json', { status: 'running' })
    await api.put('restores', 'skip/memo/replaced.acbak')
    await api.put('restores', 'skip/memo/replaced.acbak.report.json', { passed: true, archive: { etag: 'another' } })
    await api.put('restores', 'skip/memo/gone.acbak.report.json', { passed: true })
    await api.put('restores', 'notes.txt')
    await api.put('restores', '_reports/0a.report.json', { passed: true })
    api.clock.ahead = 6 * DAY_MS
    const reasons = Object.fromEntries((await api.explain()).map(({ key, reason }) => [key, reason]))
    expect(reasons).toMatchObject({
      '_reports/0a.report.json': 'is a report whose upload is unknown, because the name of the report is a hash',
      'notes.txt': 'is neither an upload nor a report',
      'skip/memo/waiting.acbak': 'has no report, so its restore may not have ended',
      'skip/memo/done.acbak': 'is older than 5 days (retention.uploads_days is 5)',
      'skip/memo/done.acbak.report.json': 'its upload still exists',
    })
    await api.prune()
    const kept = [
      '_reports/0a.report.json',
      'notes.txt',
      'skip/memo/done.acbak.report.json',
      'skip/memo/replaced.acbak',
      'skip/memo/replaced.acbak.report.json',
      'skip/memo/running.acbak',
      'skip/memo/running.acbak.report.json',
      'skip/memo/waiting.acbak',
    ]
    expect(await api.keysIn('restores')).toEqual(kept)
    await api.prune()
    expect(await api.keysIn('restores')).toEqual(kept.filter((key) => !key.includes('/done.')))
  })

  it('removes deleted archives from the catalogue', async () => {
    const { catalogue, config } = api.services
    const schedule = 'nightly'
    const keys = { old: keyOf(60), newer: keyOf(40), exported: 'exports/2026/01/01/a.acbak' }
    for (const key of [keys.old, keys.newer]) await api.put('archives', key, archive)
    await api.put('archives', keys.exported)
    for (const [name, key] of Object.entries(keys))
      await catalogue.put(
        sampleArchive('2026-01-01', {
          bucket: config.buckets.archives,
          key,
          ...(name === 'exported' ? {} : { schedule }),
        }),
      )
    api.clock.ahead = 11 * DAY_MS
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([keys.newer])
    expect((await Array.fromAsync(catalogue.entries())).map(({ key }) => key)).toEqual([keys.newer])
    for (const [name, key] of Object.entries(keys))
      expect((await catalogue.get(key))?.key, name).toBe(name === 'newer' ? key : undefined)
  })

  it('deletes more objects than S3 deletes at once', async () => {
    await Promise.all(Array.from({ length: 1001 }, (_, k) => api.put('archives', `exports/2026/01/01/${k}.acbak`)))
    api.clock.ahead = 11 * DAY_MS
    expect(await api.prune()).toContainEqual({ retention: 'exports', deleted: 1001 })
    expect(await api.keysIn('archives')).toEqual([])
  })
})

describe('locked objects', () => {
  const lock = async (key: string, days: number): Promise<string> => {
    const until = new Date(Date.now() + days * DAY_MS)
    await api.s3.send(
      new PutObjectCommand({
        Bucket: api.services.config.buckets.archives,
        Key: key,
        Body: archive,
        ObjectLockMode: 'COMPLIANCE',
        ObjectLockRetainUntilDate: until,
      }),
    )
    return until.toISOString()
  }

  it('are kept until their lock ends, and listed with this time', async () => {
    const [locked, unlocked, newer] = [keyOf(60), keyOf(50), keyOf(40)]
    const until = await lock(locked, 20)
    for (const key of [unlocked, newer]) await api.put('archives', key, archive)
    const exported = 'exports/2026/01/01/a.acbak'
    const exportedUntil = await lock(exported, 20)
    api.clock.ahead = 15 * DAY_MS
    expect(await api.explain()).toMatchObject([
      { key: locked, action: 'keep', locked_until: until, reason: `is locked until ${until} (S3 Object Lock)` },
      { key: unlocked, action: 'delete' },
      { key: newer, action: 'keep' },
      { key: exported, action: 'keep', reason: `is locked until ${exportedUntil} (S3 Object Lock)` },
    ])
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([exported, locked, newer])
    expect((await api.services.archiveJudgements.list('nightly')).map(({ key }) => key)).toEqual([newer, locked])
    api.clock.ahead = 21 * DAY_MS
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([newer])
  })
})

describe('a run in which one schedule fails', () => {
  const Key = keyAttributes({ pk: 'schedule#nightly', sk: 'archive#broken' })
  const broken = { ...Key, record: { S: '{}' } }

  it('prunes all other schedules and objects, and then fails with an error that names the schedule', async () => {
    const { config } = api.services
    await api.put('archives', 'exports/2026/01/01/a.acbak')
    const weekly = [80, 70].map((days) => keyOf(days).replaceAll('nightly', 'weekly'))
    for (const key of weekly) await api.put('archives', key, archive)
    api.clock.ahead = 11 * DAY_MS
    await api.dynamo.send(new PutItemCommand({ TableName: config.tables.jobs, Item: broken }))
    try {
      const failed = /^1 of the steps failed; all other steps were done. schedule nightly: /
      await expect(api.prune()).rejects.toThrow(failed)
      await expect(api.prune()).rejects.toMatchObject({ name: 'StepsFailedError' })
      expect(await api.keysIn('archives')).toEqual([weekly[1]])
      api.clock.ahead += 40 * DAY_MS
      await api.checkSchedules().catch(() => undefined)
      api.clock.ahead += 40 * DAY_MS
      await expect(api.checkSchedules()).rejects.toThrow(failed)
    } finally {
      await api.dynamo.send(new DeleteItemCommand({ TableName: config.tables.jobs, Key }))
    }
  })

  it('leaves the explanation of the other schedules and groups complete, and is explained by its error', async () => {
    const weekly = keyOf(3).replaceAll('nightly', 'weekly')
    for (const key of [keyOf(3), weekly]) await api.put('archives', key, archive)
    await api.put('archives', 'exports/2026/01/01/a.acbak')
    await api.dynamo.send(new PutItemCommand({ TableName: api.services.config.tables.jobs, Item: broken }))
    const logged = vi.spyOn(logger, 'error').mockReturnValue(undefined)
    try {
      for (const limit of [1, 2, 200]) {
        const { objects, failures } = await api.page(`?limit=${limit}`)
        expect(objects.map(({ key }) => key)).toEqual([weekly, 'exports/2026/01/01/a.acbak'].slice(0, limit))
        const error = expect.objectContaining({ type: 'internal-error' }) as object
        expect(failures).toEqual([{ retention: 'schedule', schedule: 'nightly', error }])
        expect(JSON.stringify(logged.mock.calls)).toContain(failures?.[0]?.error['request_id'])
      }
    } finally {
      logged.mockRestore()
      await api.dynamo.send(new DeleteItemCommand({ TableName: api.services.config.tables.jobs, Key }))
    }
    expect(await api.page()).not.toHaveProperty('failures')
  })
})

describe('without settings for other objects', () => {
  it('keeps all of them, and does not list them', async () => {
    const { retention } = api.services.config
    Object.assign(api.services.config, { retention: {} })
    try {
      await api.put('archives', 'exports/2026/01/01/a.acbak')
      await api.put('restores', 'skip/memo/a.acbak')
      api.clock.ahead = 10_000 * DAY_MS
      expect(await api.explain()).toEqual([])
      expect(await api.prune()).toEqual([
        { schedule: 'nightly', deleted: [] },
        { schedule: 'weekly', deleted: [] },
      ])
      expect([...(await api.keysIn('archives')), ...(await api.keysIn('restores'))]).toHaveLength(2)
    } finally {
      Object.assign(api.services.config, { retention })
    }
  })
})
