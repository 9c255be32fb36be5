import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UndecidedJudgement } from '../../shared/schedules/archive-judgement.ts'
import { ArchiveCopies } from '../../shared/schedules/aws/archive-copies.ts'
import { ArchiveJudgements } from '../../shared/schedules/aws/archive-judgements.ts'
import type { TestServers } from '../services.ts'

const judgement = (day: number, state: UndecidedJudgement['state'] = 'good'): UndecidedJudgement => ({
  job_id: `job-${day}`,
  key: `scheduled/${day}.acbak`,
  at: `2026-01-0${day}T03:00:00Z`,
  manifest_sha256: 'ab'.repeat(32),
  scope: { models: ['city'], filters: '{}' },
  models: { city: { resources: day, revisions: day, blobs: 0 } },
  findings: [],
  state,
})
const decision = { state: 'confirmed', decided: { by: 'alice', at: '2026-01-09T00:00:00Z' } } as const

/** What every store of judgements must do, whatever server it uses. */
export const archiveJudgementsContract = (start: () => Promise<TestServers>): void => {
  describe('the judgements of archives', () => {
    let servers: TestServers
    let judgements: ArchiveJudgements
    beforeAll(async () => {
      servers = await start()
      judgements = new ArchiveJudgements(servers.dynamo, servers.config.tables.jobs)
    })
    afterAll(() => servers.stop())

    it('are listed for one schedule, newest first', async () => {
      for (const day of [2, 1, 3]) expect(await judgements.keep('listed', judgement(day))).toBe(true)
      await judgements.keep('listed-too', judgement(4))
      expect(await judgements.list('listed')).toEqual([3, 2, 1].map((day) => judgement(day)))
      expect(await judgements.list('none')).toEqual([])
    })

    it('are returned newest first, in small pages, without other items of the schedule', async () => {
      const copies = new ArchiveCopies(servers.dynamo, servers.config.tables.jobs)
      const all = Array.from({ length: 25 }, (_, k) => ({ ...judgement(1), key: `scheduled/${k + 10}.acbak` }))
      for (const one of all) await judgements.keep('many', one)
      await copies.put('many', {
        archive: 'scheduled/99.acbak',
        bucket: 'b',
        key: 'k',
        state: 'copied',
        checked_at: '2026-01-05T03:00:00Z',
      })
      expect(await Array.fromAsync(judgements.newest('many'))).toEqual(all.toReversed())
      for await (const first of judgements.newest('many')) {
        expect(first).toEqual(all.at(-1))
        break
      }
      expect(await Array.fromAsync(judgements.newest('none'))).toEqual([])
    })

    it('are kept if another judgement of the same archive follows', async () => {
      await judgements.keep('kept', judgement(1))
      expect(await judgements.keep('kept', judgement(1, 'suspicious'))).toBe(false)
      expect(await judgements.list('kept')).toEqual([judgement(1)])
    })

    it('accept one decision about a suspicious archive', async () => {
      const suspicious = judgement(1, 'suspicious')
      await judgements.keep('decided', suspicious)
      expect(await judgements.decide('decided', suspicious, decision)).toBe(true)
      expect(await judgements.decide('decided', suspicious, { ...decision, state: 'rejected' })).toBe(false)
      expect(await judgements.list('decided')).toEqual([{ ...suspicious, ...decision }])
    })

    it('accept no decision about an archive that is not suspicious or has no judgement', async () => {
      await judgements.keep('good', judgement(1))
      expect(await judgements.decide('good', judgement(1), decision)).toBe(false)
      expect(await judgements.decide('good', judgement(2), decision)).toBe(false)
      expect(await judgements.list('good')).toEqual([judgement(1)])
    })

    it('can be deleted repeatedly', async () => {
      await judgements.keep('deleted', judgement(1))
      await judgements.keep('deleted', judgement(2))
      for (let n = 0; n < 2; n++) await judgements.delete('deleted', judgement(1))
      expect(await judgements.list('deleted')).toEqual([judgement(2)])
    })
  })
}
