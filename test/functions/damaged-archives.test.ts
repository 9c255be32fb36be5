import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
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
beforeEach(() => api.reset())

const jobIdOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1).replace('.acbak', '')

/** Records a check of an archive that ended some minutes ago. The archive need not be in the catalogue. */
const record = (object: PinnedObject, passed: boolean, minutesAgo = 0): Promise<boolean> =>
  api.services.catalogue.recordCheck(object, {
    at: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
    job_id: randomUUID(),
    passed,
  })

describe('an archive that a check has found damaged', () => {
  it('replaces no older archive, until a later check of it passes', async () => {
    const [old, newer] = [keyOf(60), keyOf(40)]
    await api.put('archives', old, archive)
    const damaged = await api.put('archives', newer, archive)
    await record(damaged, false, 2)
    expect(await api.explain()).toMatchObject([
      {
        key: old,
        action: 'keep',
        reason:
          'no newer good archive has the same or a wider scope: ' +
          `a check has found the archive of job ${jobIdOf(newer)} damaged`,
      },
      { key: newer, action: 'keep', reason: 'no newer good archive has the same or a wider scope' },
    ])
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([old, newer])
    await record(damaged, true, 1)
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([newer])
  })

  it('is deleted like other archives if a newer archive is good', async () => {
    const [old, damaged, good] = [keyOf(60), keyOf(50), keyOf(40)]
    for (const key of [old, good]) await api.put('archives', key, archive)
    await record(await api.put('archives', damaged, archive), false)
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([good])
    expect(await api.services.catalogue.damaged()).toEqual([])
  })

  it('counts as good again if its object was replaced', async () => {
    const [old, newer] = [keyOf(60), keyOf(40)]
    await api.put('archives', old, archive)
    await record(await api.put('archives', newer, Buffer.from('other bytes')), false)
    await api.put('archives', newer, archive)
    await api.prune()
    expect(await api.keysIn('archives')).toEqual([newer])
  })

  it('does not count as good for the hourly check, the list of schedules and the health', async () => {
    const { url } = api
    await api.checkSchedules()
    await api.put('archives', keyOf(40), archive)
    // The clock is three days ahead, so this archive is as new as possible.
    const newest = await api.put('archives', keyOf(-3), archive)
    api.clock.ahead = 3 * DAY_MS
    const states = async () => {
      const [checked] = await api.checkSchedules()
      const { schedules } = (await (await fetch(`${url}/_backup/schedules`)).json()) as { schedules: unknown[] }
      const health = (await (await fetch(`${url}/_backup/health`)).json()) as {
        checks: { schedules: { overdue: string[] } }
      }
      return { checked, listed: schedules[0], overdue: health.checks.schedules.overdue.includes('nightly') }
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
