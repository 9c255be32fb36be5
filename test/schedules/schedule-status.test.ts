import { describe, expect, it } from 'vitest'
import { type ScheduleStatus, scheduleStatuses } from '../../shared/schedules/schedule-status.ts'
import type { Schedule } from '../../shared/schedules/schedule.ts'
import { must } from '../../shared/values/must.ts'
import { counts, judgement, type JudgementMembers } from './sample-archives.ts'

const NIGHTLY: Schedule = {
  name: 'nightly',
  timing: { cron: '0 3 * * ? *' },
  filters: {},
  strict: false,
  keep_days: 30,
}
/** The last due time whose grace time is over is 3:00 of the same day. */
const NOW = new Date('2026-01-20T12:00:00.000Z')

/** Returns the status of a schedule with these archives, newest first. Those with the keys in `damaged` are damaged. */
const statusWith = async (
  archives: readonly (readonly [day: number, members?: JudgementMembers])[],
  damaged: readonly number[] = [],
): Promise<ScheduleStatus> => {
  const judgements = archives.map(([day, more]) => judgement(day, { memo: counts(1) }, more))
  const damagedIds = damaged.map((day) => judgement(day, {}).job_id)
  const [status] = await scheduleStatuses(
    {
      jobs: {
        get: () => Promise.resolve(undefined),
        seenAt: () => Promise.resolve(new Date('2025-01-01T00:00:00.000Z')),
      },
      archiveJudgements: {
        // eslint-disable-next-line @typescript-eslint/require-await
        newest: async function* () {
          yield* judgements
        },
      },
      scheduleRecords: { list: (names) => Promise.resolve(names.map(() => ({}))) },
      clock: () => NOW,
    },
    [NIGHTLY],
    ({ job_id }) => Promise.resolve(!damagedIds.includes(job_id)),
  )
  return must(status)
}

describe('the status of a schedule with damaged archives', () => {
  it('is overdue if the newest good archive that is intact is older than the last due time', async () => {
    expect(await statusWith([[20], [19], [18]], [20])).toMatchObject({
      overdue: true,
      last_good_at: '2026-01-19T03:00:00.000Z',
    })
  })

  it('is overdue if the search ends at an archive that is older than the last due time', async () => {
    const status = await statusWith([[20], [19], [18], [17]], [20, 19, 18])
    expect(status).toMatchObject({ overdue: true, searched_until: '2026-01-18T03:00:00.000Z' })
    expect(status).not.toHaveProperty('last_good_at')
  })

  it('contains how far the search went only if it has ended before the oldest archive', async () => {
    for (const damaged of [[], [20], [20, 19]])
      expect(await statusWith([[20], [19]], damaged)).not.toHaveProperty('searched_until')
  })

  it('says that the newest archive is damaged, although it was judged as good', async () => {
    expect((await statusWith([[20], [19]], [20])).last).toMatchObject({ judgement: 'good', damaged: true })
    expect((await statusWith([[20], [19]], [19])).last).not.toHaveProperty('damaged')
    const confirmed = [[20, { state: 'confirmed' }]] as const
    expect((await statusWith(confirmed, [20])).last).toMatchObject({ judgement: 'confirmed', damaged: true })
  })

  it('is unknown if the search ends at an archive that is newer than the last due time', async () => {
    const at = (hour: number): JudgementMembers => ({ at: `2026-01-20T0${hour}:00:00.000Z` })
    const archives = [[23, at(7)], [22, at(6)], [21, at(5)], [20]] as const
    const status = await statusWith(archives, [23, 22, 21])
    expect(status).not.toHaveProperty('overdue')
    expect(status).not.toHaveProperty('last_good_at')
    expect(status.searched_until).toBe('2026-01-20T05:00:00.000Z')
    expect(await statusWith(archives, [23, 22])).toMatchObject({
      overdue: false,
      last_good_at: '2026-01-20T05:00:00.000Z',
    })
    // The search ends exactly at the archive of the last due time. All others are older.
    expect(await statusWith(archives.slice(1), [22, 21, 20])).toMatchObject({ overdue: true })
  })
})

describe('the status of a schedule with very many incomplete archives', () => {
  const incomplete = (count: number, at: string) =>
    Array.from({ length: count }, () => [20, { state: 'incomplete', at }] as const)

  it('is found by reading at most 500 judgements', async () => {
    const late = incomplete(499, '2026-01-20T05:00:00.000Z')
    expect(await statusWith([...late, [19]])).toMatchObject({
      overdue: true,
      last_good_at: '2026-01-19T03:00:00.000Z',
    })
    const unknown = await statusWith([...late, ...incomplete(1, '2026-01-20T04:00:00.000Z'), [19]])
    expect(unknown).not.toHaveProperty('last_good_at')
    expect(unknown).not.toHaveProperty('overdue')
    expect(unknown.searched_until).toBe('2026-01-20T04:00:00.000Z')
    const old = await statusWith([...late, ...incomplete(1, '2026-01-19T04:00:00.000Z'), [19]])
    expect(old).not.toHaveProperty('last_good_at')
    expect(old).toMatchObject({ overdue: true, searched_until: '2026-01-19T04:00:00.000Z' })
  })
})

describe('the status of a schedule with suspicious archives', () => {
  const suspicious = { state: 'suspicious' } as const

  it('contains the newest suspicious archive that is newer than every good archive', async () => {
    const archives = [[20, { state: 'incomplete' }], [19, suspicious], [18, suspicious], [17]] as const
    expect((await statusWith(archives)).undecided).toEqual({
      job_id: 'job-19',
      due_at: '2026-01-19T03:00:00.000Z',
      key: 'scheduled/nightly/2026/01/19/job-19.acbak',
    })
  })

  it.each(['good', 'confirmed'] as const)(
    'contains no suspicious archive that is older than a %s one',
    async (state) => {
      expect(
        await statusWith([
          [20, { state }],
          [19, suspicious],
        ]),
      ).not.toHaveProperty('undecided')
      // Pruning does not open archives either.
      expect(await statusWith([[20, { state }], [19, suspicious], [18]], [20])).not.toHaveProperty('undecided')
    },
  )

  it('contains no archive that a caller has rejected', async () => {
    expect(await statusWith([[20, { state: 'rejected' }], [19]])).not.toHaveProperty('undecided')
  })
})
