import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ArchiveJudgement, isCounted } from '../../shared/schedules/archive-judgement.ts'
import { covers } from '../../shared/schedules/archive-scope.ts'
import type { JudgedArchive } from '../../shared/schedules/judged-archives.ts'
import { planPruning, type PrunePlan } from '../../shared/schedules/prune-plan.ts'
import { counts, judgement } from './sample-archives.ts'

const archiveOf = ({ key, job_id, at }: ArchiveJudgement, judged?: ArchiveJudgement): JudgedArchive => ({
  object: { bucket: 'archives', key, size: 1, etag: 'e' },
  job_id,
  at,
  ...(judged === undefined ? {} : { judgement: judged }),
})

/** Plans for a day of February. Every archive can be opened unless it is in `damaged`. */
const plan = (
  judgements: readonly ArchiveJudgement[],
  {
    now = '2026-03-01T00:00:00.000Z',
    keep_days = 7,
    damaged = [],
    gone = [],
    locks = {},
  }: {
    now?: string
    keep_days?: number
    damaged?: readonly string[]
    gone?: readonly string[]
    locks?: Readonly<Record<string, string>>
  } = {},
): PrunePlan => {
  const newest = [...judgements].sort((a, b) => (a.at < b.at ? 1 : -1))
  const present = newest.filter(({ job_id }) => !gone.includes(job_id))
  return planPruning({
    schedule: { keep_days },
    archives: present.map((one) => archiveOf(one, one)),
    judgements: newest,
    successors: present.filter((one) => isCounted(one) && !damaged.includes(one.job_id)),
    damaged: present.filter((one) => isCounted(one) && damaged.includes(one.job_id)),
    changed: [],
    locks: new Map(Object.entries(locks)),
    now: new Date(now),
  })
}
const deleted = ({ archives }: PrunePlan): string[] =>
  archives.flatMap(({ action, job_id }) => (action === 'delete' ? [job_id] : []))
const reasonOf = ({ archives }: PrunePlan, jobId: string): string | undefined =>
  archives.find(({ job_id }) => job_id === jobId)?.reason

const MEMO = { memo: counts(5) }

describe('the plan of a run', () => {
  it('deletes archives that are older than keep_days and have a newer good archive', () => {
    const made = plan([judgement(1, MEMO), judgement(2, MEMO), judgement(9, MEMO)], { now: '2026-01-09T04:00:00.000Z' })
    expect(deleted(made)).toEqual(['job-02', 'job-01'])
    expect(reasonOf(made, 'job-01')).toBe('is older than keep_days (7), and job job-09 made a newer good archive')
    expect(reasonOf(made, 'job-09')).toBe('is kept until 2026-01-16T03:00:00.000Z (keep_days is 7)')
    expect(made.archives).toMatchObject(Array(3).fill({ state: 'good', resources: 5 }))
  })

  it('keeps an archive until the moment at which keep_days have passed', () => {
    const two = [judgement(1, MEMO), judgement(2, MEMO)]
    expect(deleted(plan(two, { now: '2026-01-08T03:00:00.000Z' }))).toEqual([])
    expect(deleted(plan(two, { now: '2026-01-08T03:00:00.001Z' }))).toEqual(['job-01'])
  })

  it('never deletes the last complete archive for one that is not complete', () => {
    const made = plan([judgement(1, MEMO), judgement(2, MEMO, { state: 'incomplete' })])
    expect(deleted(made)).toEqual([])
    expect(reasonOf(made, 'job-01')).toBe('no newer good archive has the same or a wider scope')
  })

  it('deletes nothing of a schedule while a suspicious archive waits for a decision', () => {
    const made = plan([judgement(1, MEMO), judgement(2, MEMO), judgement(3, MEMO, { state: 'suspicious' })])
    expect(deleted(made)).toEqual([])
    expect(made.stopped_by.map(({ job_id }) => job_id)).toEqual(['job-03'])
    expect(reasonOf(made, 'job-01')).toContain('the archive of job job-03 is suspicious')
  })

  it('deletes nothing while a suspicious archive with the due time of the newest good one waits for a decision', () => {
    const rerun = judgement(2, MEMO, { state: 'suspicious', job_id: 'job-02b', key: 'job-02b.acbak' })
    const made = plan([judgement(1, MEMO), judgement(2, MEMO), rerun])
    expect(deleted(made)).toEqual([])
    expect(made.stopped_by).toEqual([rerun])
  })

  it('goes on when a later archive is good, and deletes the suspicious one like any other', () => {
    const made = plan([judgement(1, MEMO), judgement(2, MEMO, { state: 'suspicious' }), judgement(3, MEMO)])
    expect(deleted(made)).toEqual(['job-02', 'job-01'])
    expect(made.stopped_by).toEqual([])
  })

  it('goes on with the previous good archive when the suspicious one was rejected', () => {
    const decided = { by: 'alice', at: '2026-01-03T09:00:00.000Z' }
    const made = plan([
      judgement(1, MEMO),
      judgement(2, MEMO),
      judgement(3, { memo: counts(0) }, { state: 'rejected', decided }),
    ])
    expect(deleted(made)).toEqual(['job-01'])
    expect(reasonOf(made, 'job-03')).toBe('no newer good archive has the same or a wider scope')
  })

  it('keeps all earlier archives another keep_days after a confirmation', () => {
    const decided = { by: 'alice', at: '2026-01-20T09:00:00.000Z' }
    const judgements = [
      judgement(1, MEMO),
      judgement(2, { memo: counts(0) }, { state: 'confirmed', decided }),
      judgement(3, MEMO),
    ]
    const before = plan(judgements, { now: '2026-01-27T08:59:00.000Z' })
    expect(deleted(before)).toEqual(['job-02'])
    expect(reasonOf(before, 'job-01')).toContain('is kept until 2026-01-27T09:00:00.000Z')
    expect(before.obsolete).toEqual([])
    const after = plan(judgements, { now: '2026-01-27T09:00:00.000Z' })
    expect(deleted(after)).toEqual(['job-02', 'job-01'])
    expect(after.obsolete.map(({ job_id }) => job_id)).toEqual(['job-02', 'job-01'])
  })

  it('does not replace an archive by a newer one with fewer models or other filters', () => {
    const wide = judgement(1, { memo: counts(5), city: counts(5) })
    expect(deleted(plan([wide, judgement(2, MEMO)]))).toEqual([])
    expect(deleted(plan([wide, judgement(2, { memo: counts(5), city: counts(5) }, { filters: 'f' })]))).toEqual([])
    expect(deleted(plan([judgement(1, MEMO, { filters: 'f' }), judgement(2, MEMO, { filters: 'g' })]))).toEqual([])
  })

  it('replaces an archive by a newer one with more models or without filters', () => {
    expect(deleted(plan([judgement(1, MEMO), judgement(2, { memo: counts(5), city: counts(0) })]))).toEqual(['job-01'])
    expect(deleted(plan([judgement(1, MEMO, { filters: 'f' }), judgement(2, MEMO)]))).toEqual(['job-01'])
  })

  it('prunes two scopes separately', () => {
    const both = { memo: counts(5), city: counts(5) }
    expect(deleted(plan([judgement(1, both), judgement(2, both), judgement(3, MEMO), judgement(4, MEMO)]))).toEqual([
      'job-03',
      'job-01',
    ])
  })

  it('does not count a good archive that can no longer be opened', () => {
    expect(deleted(plan([judgement(1, MEMO), judgement(2, MEMO)], { damaged: ['job-02'] }))).toEqual([])
  })

  it('says that a newer archive is damaged, or was changed since it was judged', () => {
    const [old, newer] = [judgement(1, MEMO), judgement(2, MEMO)]
    const input = {
      schedule: { keep_days: 7 },
      archives: [archiveOf(newer, newer), archiveOf(old, old)],
      judgements: [newer, old],
      successors: [],
      locks: new Map<string, string>(),
      now: new Date('2026-03-01T00:00:00Z'),
    }
    const reasons = [
      { ...input, damaged: [newer], changed: [] },
      { ...input, damaged: [], changed: [newer] },
    ].map((candidates) => {
      const planned = planPruning(candidates)
      expect(planned.archives).toMatchObject([{ state: 'damaged' }, { state: 'good' }])
      return reasonOf(planned, old.job_id)
    })
    expect(reasons).toEqual([
      expect.stringContaining(': a check has found the archive of job job-02 damaged'),
      expect.stringContaining(': the archive of job job-02 cannot be opened, or has changed'),
    ])
  })

  it('deletes an old archive that cannot be opened once a newer good one exists', () => {
    const input = {
      schedule: { keep_days: 7 },
      archives: [archiveOf(judgement(2, MEMO), judgement(2, MEMO)), archiveOf(judgement(1, MEMO))],
      judgements: [judgement(2, MEMO)],
      damaged: [],
      changed: [],
      locks: new Map<string, string>(),
      now: new Date('2026-03-01T00:00:00Z'),
    }
    const [, unreadable] = planPruning({ ...input, successors: [judgement(2, MEMO)] }).archives
    expect(unreadable).toMatchObject({ state: 'unreadable', action: 'delete' })
    expect(unreadable).not.toHaveProperty('resources')
    expect(planPruning({ ...input, successors: [] }).archives).toMatchObject([{ action: 'keep' }, { action: 'keep' }])
  })

  it('keeps a locked archive and its judgement until the lock ends', () => {
    const two = [judgement(1, MEMO), judgement(2, MEMO)]
    const made = plan(two, { locks: { [judgement(1, MEMO).key]: '2026-04-01T00:00:00.000Z' } })
    expect(deleted(made)).toEqual([])
    expect(made.archives[1]).toMatchObject({
      action: 'keep',
      locked_until: '2026-04-01T00:00:00.000Z',
      reason: 'is locked until 2026-04-01T00:00:00.000Z (S3 Object Lock)',
    })
    expect(made.obsolete).toEqual([])
  })

  it('forgets the judgement of a deleted archive when nothing depends on it any more', () => {
    const jobs = ({ obsolete }: PrunePlan): string[] => obsolete.map(({ job_id }) => job_id)
    expect(jobs(plan([judgement(1, MEMO), judgement(2, MEMO)]))).toEqual(['job-01'])
    // The last good archive was deleted by hand: the next one is still compared with it.
    expect(jobs(plan([judgement(1, MEMO)], { gone: ['job-01'] }))).toEqual([])
    const decided = { by: 'alice', at: '2026-02-27T00:00:00.000Z' }
    const confirmed = judgement(1, MEMO, { state: 'confirmed', decided })
    expect(jobs(plan([confirmed, judgement(2, MEMO)], { gone: ['job-01'] }))).toEqual([])
    expect(jobs(plan([confirmed, judgement(2, MEMO)], { gone: ['job-01'], now: '2026-04-01T00:00:00.000Z' }))).toEqual([
      'job-01',
    ])
  })
})

const arbitraryJudgements = fc
  .array(
    fc.record({
      models: fc.subarray(['a', 'b'], { minLength: 1 }),
      filters: fc.constantFrom('', 'f'),
      state: fc.constantFrom('good', 'incomplete', 'suspicious', 'confirmed', 'rejected'),
      decidedOn: fc.integer({ min: 10, max: 28 }),
      damaged: fc.boolean(),
    }),
    { maxLength: 9 },
  )
  .map((made) =>
    made.map(({ models, filters, state, decidedOn, damaged }, k) => ({
      damaged,
      judgement: judgement(k + 1, Object.fromEntries(models.map((model) => [model, counts(1)])), {
        filters,
        state,
        ...(state === 'confirmed' || state === 'rejected'
          ? { decided: { by: 'x', at: `2026-02-${decidedOn}T00:00:00.000Z` } }
          : {}),
      }),
    })),
  )

describe('any plan', () => {
  it('keeps, for every archive that it deletes, a newer good archive of the same or a wider scope that can be opened', () => {
    fc.assert(
      fc.property(arbitraryJudgements, fc.integer({ min: 1, max: 60 }), (made, keep_days) => {
        const judgements = made.map((one) => one.judgement)
        const damaged = made.flatMap((one) => (one.damaged ? [one.judgement.job_id] : []))
        const planned = plan(judgements, { keep_days, damaged })
        const kept = planned.archives.flatMap(({ action, job_id }) => (action === 'keep' ? [job_id] : []))
        for (const { action, job_id } of planned.archives) {
          if (action === 'keep') continue
          const old = judgements.find((one) => one.job_id === job_id) ?? expect.fail()
          const replaces = (later: ArchiveJudgement): boolean =>
            isCounted(later) && later.at > old.at && covers(later.scope, old.scope) && !damaged.includes(later.job_id)
          expect(judgements.filter(replaces).some((later) => kept.includes(later.job_id))).toBe(true)
        }
      }),
    )
  })

  it('deletes nothing while a suspicious archive is newer than every good one', () => {
    fc.assert(
      fc.property(arbitraryJudgements, (made) => {
        const judgements = made.map((one) => one.judgement)
        const newest = judgements.filter(({ state }) => state !== 'incomplete' && state !== 'rejected').at(-1)
        if (newest?.state === 'suspicious') expect(deleted(plan(judgements, { keep_days: 1 }))).toEqual([])
      }),
    )
  })
})
