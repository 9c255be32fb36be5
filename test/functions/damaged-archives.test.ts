import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { archiveOfManifest } from '../../shared/catalogue/catalogued-archive.ts'
import type { PinnedObject } from '../../shared/objects/object.ts'
import { fixture } from '../workflows/program.ts'
import { DAY_MS, keyOf, PruneApi } from './prune-api.ts'

let api: PruneApi
let archive: Buffer
beforeAll(async () => {
  api = await PruneApi.start()
  archive = await fixture('single-v3.acbak')
})
afterAll(() => api.stop())
/** The keys of the archives that the test has checked. Tests that run in the same second use the same keys. */
const checked = new Set<string>()
beforeEach(async () => {
  await api.reset()
  await api.services.catalogue.removeKeys([...checked])
})

const jobIdOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1).replace('.acbak', '')

/** Records a check of an archive that ended some minutes ago. The archive need not be in the catalogue. */
const record = (object: PinnedObject, passed: boolean, minutesAgo = 0): Promise<boolean> => {
  checked.add(object.key)
  return api.services.catalogue.recordCheck(object, {
    at: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
    job_id: randomUUID(),
    passed,
  })
}

const healthSaysOverdue = async (): Promise<boolean> => {
  const health = (await (await fetch(`${api.url}/_backup/health`)).json()) as {
    checks: { schedules: { overdue: string[] } }
  }
  return health.checks.schedules.overdue.includes('nightly')
}

/** Stores the newest archive. The clock is three days ahead, so that this archive is as new as possible. */
const putNewest = async (): Promise<PinnedObject> => {
  await api.checkSchedules()
  const newest = await api.put('archives', keyOf(-3), archive)
  api.clock.ahead = 3 * DAY_MS
  return newest
}

describe('an archive that a check has found damaged', () => {
  it('replaces no older archive, until a later check of it passes', async () => {
    const [old, newer] = [keyOf(60), keyOf(40)]
    await api.put('archives', old, archive)
    const damaged = await api.put('archives', newer, archive)
    await record(damaged, false, 2)
    expect(await api.explain()).toMatchObject([
      {
        key: old,
        state: 'good',
        action: 'keep',
        reason:
          'no newer good archive has the same or a wider scope: ' +
          `a check has found the archive of job ${jobIdOf(newer)} damaged`,
      },
      { key: newer, state: 'damaged', action: 'keep', reason: 'no newer good archive has the same or a wider scope' },
    ])
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([old, newer])
    await record(damaged, true, 1)
    expect(await api.explain()).toMatchObject([{ state: 'good' }, { state: 'good' }])
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([newer])
  })

  it('has the state damaged in the explanation also if a newer archive is good, until its object is replaced', async () => {
    const keys = [keyOf(60), keyOf(50), keyOf(40)]
    for (const key of keys) await api.put('archives', key, archive)
    const [, damaged = ''] = keys
    await record(await api.put('archives', damaged, archive), false)
    expect((await api.explain()).map((one) => 'state' in one && one.state)).toEqual(['good', 'damaged', 'good'])
    await api.put('archives', damaged, Buffer.concat([archive, Buffer.from('x')]))
    await api.checkSchedules()
    expect((await api.explain()).map((one) => 'state' in one && one.state)).not.toContain('damaged')
  })

  it('has the state damaged also if it was judged, and cannot be opened now', async () => {
    const [old, newer] = [keyOf(60), keyOf(40)]
    for (const key of [old, newer]) await api.put('archives', key, archive)
    await api.prune()
    await api.put('archives', newer, Buffer.from('other bytes'))
    expect(await api.explain()).toMatchObject([{ key: newer, state: 'damaged', action: 'keep' }])
  })

  it('replaces no older archive if an earlier version of this program has stored the check', async () => {
    const [old, newer] = [keyOf(60), keyOf(40)]
    await api.put('archives', old, archive)
    const { catalogue, objects, config } = api.services
    const damaged = await api.put('archives', newer, archive)
    await catalogue.put(archiveOfManifest(damaged, (await openArchive(objects.sourceOf(damaged))).manifest))
    const at = new Date(Date.now() - 60_000).toISOString()
    await api.dynamo.send(
      new UpdateItemCommand({
        TableName: config.tables.jobs,
        Key: { pk: { S: `archive#${newer}` }, sk: { S: 'archive' } },
        UpdateExpression: 'SET last_checked = :check, last_checked_at = :at',
        ExpressionAttributeValues: {
          ':check': { S: JSON.stringify({ at, job_id: 'check', passed: false }) },
          ':at': { S: at },
        },
      }),
    )
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([old, newer])
    await record(damaged, true)
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([newer])
  })

  it('is deleted like other archives if a newer archive is good', async () => {
    const [old, damaged, good] = [keyOf(60), keyOf(50), keyOf(40)]
    for (const key of [old, good]) await api.put('archives', key, archive)
    const object = await api.put('archives', damaged, archive)
    await record(object, false)
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([good])
    expect(await api.services.catalogue.isDamaged(object)).toBe(false)
  })

  it('is intact again if a later restore has proved it', async () => {
    const [old, newer] = [keyOf(60), keyOf(40)]
    await api.put('archives', old, archive)
    const damaged = await api.put('archives', newer, archive)
    await record(damaged, false, 2)
    const prove = (minutesAgo: number): Promise<boolean> =>
      api.services.catalogue.recordProof(damaged, {
        at: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
        job_id: randomUUID(),
      })
    await prove(3)
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([old, newer])
    await prove(1)
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([newer])
  })

  it('counts as good again for the daily deletion if its object was replaced', async () => {
    const [old, newer] = [keyOf(60), keyOf(40)]
    await api.put('archives', old, archive)
    await record(await api.put('archives', newer, Buffer.from('other bytes')), false)
    await api.put('archives', newer, archive)
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([newer])
  })

  it('counts as good again for the health if its object was replaced', async () => {
    const damaged = await putNewest()
    // The check judges the archive.
    await api.checkSchedules()
    expect(await healthSaysOverdue()).toBe(false)
    await record(damaged, false, 2)
    expect(await healthSaysOverdue()).toBe(true)
    // Objects with the same ETag have the same bytes.
    await api.put('archives', damaged.key, Buffer.concat([archive, Buffer.from('x')]))
    expect(await healthSaysOverdue()).toBe(false)
    await record(await api.put('archives', damaged.key, archive), false, 1)
    expect(await healthSaysOverdue()).toBe(true)
    await api.services.objects.delete(damaged.bucket, [damaged.key])
    expect(await healthSaysOverdue()).toBe(true)
  })

  it('does not count as good for the hourly check, the list of schedules and the health', async () => {
    const { url } = api
    await api.put('archives', keyOf(40), archive)
    const newest = await putNewest()
    const states = async () => {
      const [checked] = await api.checkSchedules()
      const { schedules } = (await (await fetch(`${url}/_backup/schedules`)).json()) as { schedules: unknown[] }
      return { checked, listed: schedules[0], overdue: await healthSaysOverdue() }
    }
    const at = (days: number) => expect.stringContaining(dayOf(days)) as unknown
    const good = { overdue: false, last_good_at: at(-3) }
    expect(await states()).toMatchObject({ checked: good, listed: good, overdue: false })
    await record(newest, false, 2)
    const bad = { overdue: true, last_good_at: at(40) }
    expect(await states()).toMatchObject({ checked: bad, listed: bad, overdue: true })
    await record(newest, true, 1)
    expect(await states()).toMatchObject({ checked: good, listed: good, overdue: false })
  })
})

const dayOf = (daysAgo: number): string => keyOf(daysAgo).split('/').slice(2, 5).join('-')
