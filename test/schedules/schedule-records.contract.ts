import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ScheduleRecords } from '../../shared/schedules/aws/schedule-records.ts'
import type { TestServers } from '../services.ts'

const PAUSE = {
  by: 'alice',
  at: '2026-01-05T03:00:00.000Z',
  until: '2026-01-07T03:00:00.000Z',
  reason: 'migration',
}
const at = (day: number): string => `2026-01-0${day}T03:00:00.000Z`

/** What every store of the records of schedules must do, whatever server it uses. */
export const scheduleRecordsContract = (start: () => Promise<TestServers>): void => {
  describe('the records of schedules', () => {
    let servers: TestServers
    let records: ScheduleRecords
    beforeAll(async () => {
      servers = await start()
      records = new ScheduleRecords(servers.dynamo, servers.config.tables.jobs)
    })
    afterAll(() => servers.stop())

    it('are listed in the order of the schedules, and are empty until something is stored', async () => {
      const run = { job_id: 'job', due_at: at(5) }
      const delivered = { due_at: at(6), timing: '{"rate":"1 day"}' }
      const skipped = { due_at: at(4), paused_by: 'bob' }
      await records.storeRun('some', run)
      await records.storeDelivered('all', delivered)
      await records.storeRun('all', run)
      await records.storeSkipped('all', skipped)
      await records.storePause('all', PAUSE)
      expect(await records.list(['none', 'all', 'some'])).toEqual([
        {},
        { run, delivered, skipped, pause: PAUSE },
        { run },
      ])
      expect(await records.list([])).toEqual([])
    })

    it('can be listed for more schedules than one request can read', async () => {
      const names = Array.from({ length: 60 }, (_, k) => `many-${k}`)
      await Promise.all(names.map((name) => records.storeRun(name, { job_id: name, due_at: at(1) })))
      expect(await records.list(names)).toEqual(names.map((name) => ({ run: { job_id: name, due_at: at(1) } })))
    })

    it('keep the latest due time in any order of the calls', async () => {
      for (const day of [2, 3, 1]) {
        await records.storeRun('order', { job_id: `job-${day}`, due_at: at(day) })
        await records.storeDelivered('order', { due_at: at(day), timing: `${day}` })
        await records.storeSkipped('order', { due_at: at(day), paused_by: `caller-${day}` })
      }
      expect(await records.list(['order'])).toEqual([
        {
          run: { job_id: 'job-3', due_at: at(3) },
          delivered: { due_at: at(3), timing: '3' },
          skipped: { due_at: at(3), paused_by: 'caller-3' },
        },
      ])
      await records.storeRun('order', { job_id: 'other', due_at: at(3) })
      expect((await records.list(['order']))[0]?.run?.job_id).toBe('other')
    })

    it('keep the last pause', async () => {
      expect(await records.pause('paused')).toBeUndefined()
      await records.storePause('paused', PAUSE)
      const withoutReason = { by: 'bob', at: PAUSE.at, until: PAUSE.until }
      await records.storePause('paused', withoutReason)
      expect(await records.pause('paused')).toEqual(withoutReason)
    })
  })
}
