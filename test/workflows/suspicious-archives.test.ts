import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { handler as checkHandler } from '../../functions/events/check-schedules.ts'
import { handler as pruneHandler } from '../../functions/events/prune.ts'
import { handler as startHandler } from '../../functions/events/start-scheduled.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import { decideArchive } from '../../shared/schedules/decide-archive.ts'
import type { JobEndedEvent } from '../../shared/jobs/job-events.ts'
import type { ExportJob } from '../../shared/jobs/job.ts'
import { putItems } from '../contents.ts'
import { buildResource, combine, sampleStore, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

/** Returns a new context for each call, because the remaining time of a context decreases. */
const context = () => localContext('test', 'test', 60_000)
const events: JobEndedEvent[] = []
let now = new Date('2026-01-01T04:00:00Z')
let name: string
let made = 0

const schedules = Array.from({ length: 20 }, (_, k) => ({
  name: `nightly-${k}`,
  timing: { cron: '0 3 * * ? *' },
  models: ['city', 'memo'],
  filters: {},
  strict: false,
  keep_days: 2,
  min_ratio: 0.5,
}))
const ended = (job: JobEndedEvent): Promise<void> => {
  events.push(job)
  return Promise.resolve()
}
const runner = await startRunner({ schedules, clock: () => now, events: { ended } })
beforeEach(async () => {
  // Each test has its own schedule.
  name = `nightly-${made++}`
  events.length = 0
  await fill()
})
afterEach(() => runner.wipe())

const fill = (): Promise<void> => writeToStore(runner.clients, sampleStore(runner.services.models))
const archives = (): string => runner.services.config.buckets.archives
const jobIdOf = (day: number): string => `s-${name}-202601${String(day).padStart(2, '0')}T030000Z`
const keyOf = (day: number): string => `scheduled/${name}/2026/01/${String(day).padStart(2, '0')}/${jobIdOf(day)}.acbak`

/** Runs the schedule for a day of January, and returns the job when it has ended. */
const run = async (day: number): Promise<ExportJob> => {
  now = new Date(`2026-01-${String(day).padStart(2, '0')}T03:00:10Z`)
  await startHandler({ schedule: name, at: now.toISOString().replace(':10', ':00') }, context())
  await runner.services.workflows.ended?.(jobIdOf(day))
  const job = await runner.services.jobs.get(jobIdOf(day))
  if (job?.kind !== 'export') return expect.fail('the job is missing')
  return job
}
/** Runs the deletion of old archives at 12:00 of a day of January. */
const prune = async (day: number) => {
  now = new Date(`2026-01-${String(day).padStart(2, '0')}T12:00:00Z`)
  const all = await pruneHandler({}, context())
  return all.find((one) => 'schedule' in one && one.schedule === name) ?? expect.fail()
}
const daysLeft = async (): Promise<number[]> => {
  const objects = await Array.fromAsync(runner.services.objects.list(archives(), `scheduled/${name}/`))
  return objects.map(({ key }) => Number(key.split('/')[4]))
}
const forgetJudgements = async (): Promise<void> => {
  const { archiveJudgements } = runner.services
  for (const judgement of await archiveJudgements.list(name)) await archiveJudgements.delete(name, judgement)
}

describe('a scheduled archive that contains much less than the last good one', () => {
  it('is marked in its job and in the event, and is judged only once', async () => {
    expect((await run(1)).result?.suspicious).toBeUndefined()
    await runner.wipe()
    const { status, result } = await run(2)
    expect(status).toBe('succeeded')
    expect(result?.suspicious).toMatchObject({
      resources: 0,
      findings: expect.arrayContaining([
        { model: 'city', count: 'resources', before: 6, now: 0, compared_with: jobIdOf(1) },
      ]) as unknown,
    })
    expect(events.map(({ suspicious }) => suspicious?.resources)).toEqual([undefined, 0])
    const before = await runner.services.archiveJudgements.list(name)
    await run(2)
    expect(await runner.services.archiveJudgements.list(name)).toEqual(before)
  })

  it('never replaces earlier archives, no matter for how many nights the table is empty', async () => {
    for (const day of [1, 2]) await run(day)
    await runner.wipe()
    for (const day of [3, 4, 5, 6]) {
      await run(day)
      expect(await prune(day)).toMatchObject({
        deleted: [],
        stopped_by: expect.arrayContaining([jobIdOf(day)]) as unknown,
      })
    }
    await prune(30)
    expect(await daysLeft()).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('stops pruning only until a later archive is good', async () => {
    for (const day of [1, 2]) await run(day)
    await runner.wipe()
    await run(3)
    await fill()
    await run(4)
    expect(await prune(20)).toEqual({ schedule: name, deleted: [keyOf(3), keyOf(2), keyOf(1)] })
    // The judgements of deleted archives are deleted too.
    expect((await runner.services.archiveJudgements.list(name)).map(({ key }) => key)).toEqual([keyOf(4)])
  })

  it('does not count for the overdue check', async () => {
    const state = async (at: string) => {
      now = new Date(at)
      return (await checkHandler({}, context())).find(({ schedule }) => schedule === name)
    }
    await state('2025-12-01T12:00:00Z')
    await run(1)
    expect(await state('2026-01-01T12:00:00Z')).toMatchObject({ overdue: false })
    await runner.wipe()
    await run(2)
    expect(await state('2026-01-02T12:00:00Z')).toMatchObject({
      overdue: true,
      last_good_at: '2026-01-01T03:00:00.000Z',
    })
  })
})

describe('a decision about a suspicious archive', () => {
  const decide = (day: number, decision: 'confirmed' | 'rejected', resources = 0) =>
    decideArchive(runner.services, { schedule: name, job_id: jobIdOf(day), resources, decision }, 'alice')
  const loseContent = async (): Promise<void> => {
    for (const day of [1, 2]) await run(day)
    await runner.wipe()
    await run(3)
  }

  it('lets a confirmed archive replace earlier ones when keep_days have passed since the decision', async () => {
    await loseContent()
    now = new Date('2026-01-10T12:00:00Z')
    await decide(3, 'confirmed')
    expect((await run(11)).result?.suspicious).toBeUndefined()
    expect(await prune(11)).toEqual({ schedule: name, deleted: [keyOf(3)] })
    // Confirmed on January 10 at 12:00, and keep_days is 2.
    expect(await prune(12)).toEqual({ schedule: name, deleted: [keyOf(2), keyOf(1)] })
  })

  it('lets a schedule continue with the last good archive if the suspicious archive is rejected', async () => {
    await loseContent()
    await decide(3, 'rejected')
    expect(await prune(20)).toEqual({ schedule: name, deleted: [keyOf(1)] })
    expect((await run(21)).result?.suspicious?.findings[0]).toMatchObject({ compared_with: jobIdOf(2) })
    await fill()
    await run(22)
    expect(await prune(30)).toEqual({ schedule: name, deleted: [keyOf(21), keyOf(3), keyOf(2)] })
  })

  it('is possible for an archive that an earlier version made and that was never judged', async () => {
    await loseContent()
    await forgetJudgements()
    expect(await decide(3, 'rejected')).toMatchObject({ decision: 'rejected', by: 'alice' })
    expect((await runner.services.archiveJudgements.list(name)).map(({ state }) => state)).toEqual([
      'rejected',
      'good',
      'good',
    ])
  })
})

describe('a scheduled archive that is not complete', () => {
  const breakMemo = async (): Promise<void> => {
    const broken = combine(
      sampleStore(runner.services.models),
      buildResource(runner.services.models, {
        model: 'memo',
        id: 'broken',
        payloads: [{ text: 'x', sound: { file_id: 'nowhere' } }],
      }),
    )
    await writeToStore(runner.clients, broken)
  }

  it('never replaces the last complete archive', async () => {
    for (const day of [1, 2]) await run(day)
    await breakMemo()
    for (const day of [3, 4]) expect((await run(day)).status).toBe('partial')
    expect(await prune(30)).toEqual({ schedule: name, deleted: [keyOf(1)] })
    expect(await prune(31)).toEqual({ schedule: name, deleted: [] })
    expect(await daysLeft()).toEqual([2, 3, 4])
  })

  it('also never replaces the last complete archive if it is incomplete because of left-out resources', async () => {
    await run(1)
    const { items } = await runner.contents()
    const [item = {}] = [...items.values()].filter(({ pk }) => pk?.S?.startsWith('memo#m#'))
    await putItems(runner.clients, [{ ...item, updated_by: { N: '1' } }])
    expect((await run(2)).result).toMatchObject({ complete: false, left_out: { count: 1 } })
    expect(await prune(30)).toEqual({ schedule: name, deleted: [] })
    expect(await daysLeft()).toEqual([1, 2])
  })

  it('is not replaced by the first complete archive if the complete archive has lost all content', async () => {
    await breakMemo()
    for (const day of [1, 2]) expect((await run(day)).status).toBe('partial')
    await runner.wipe()
    expect((await run(3)).result?.suspicious?.findings[0]).toMatchObject({ compared_with: jobIdOf(2) })
    expect(await prune(30)).toEqual({ schedule: name, deleted: [], stopped_by: [jobIdOf(3)] })
  })

  it('leaves its schedule overdue if there is no complete archive', async () => {
    now = new Date('2025-12-01T12:00:00Z')
    await checkHandler({}, context())
    await breakMemo()
    await run(1)
    now = new Date('2026-01-01T12:00:00Z')
    const state = (await checkHandler({}, context())).find(({ schedule }) => schedule === name)
    expect(state).toEqual({ schedule: name, overdue: true, due_at: '2026-01-01T03:00:00.000Z' })
  })
})

describe('archives without a judgement', () => {
  it('that an earlier version made are judged in order, and new archives are compared with them', async () => {
    for (const day of [1, 2]) await run(day)
    await forgetJudgements()
    await runner.wipe()
    expect((await run(3)).result?.suspicious?.findings[0]).toMatchObject({ compared_with: jobIdOf(2) })
    expect((await runner.services.archiveJudgements.list(name)).map(({ state }) => state)).toEqual([
      'suspicious',
      'good',
      'good',
    ])
  })

  it('stop pruning if the table had already lost its content before the upgrade', async () => {
    await run(1)
    await runner.wipe()
    for (const day of [2, 3]) await run(day)
    await forgetJudgements()
    expect(await prune(30)).toEqual({ schedule: name, deleted: [], stopped_by: [jobIdOf(3), jobIdOf(2)] })
  })

  it('are pruned if they are good, as before the upgrade', async () => {
    for (const day of [1, 2, 3]) await run(day)
    await forgetJudgements()
    expect(await prune(30)).toEqual({ schedule: name, deleted: [keyOf(2), keyOf(1)] })
  })

  it('are judged once if two processes judge them at the same time', async () => {
    for (const day of [1, 2]) await run(day)
    await forgetJudgements()
    const results = await Promise.all([prune(30), prune(30)])
    expect(results.map(({ deleted }) => deleted)).toContainEqual([keyOf(1)])
    expect(await daysLeft()).toEqual([2])
  })
})

describe('a schedule whose scope changes', () => {
  const schedule = () => {
    const found = runner.services.config.schedules.find((one) => one.name === name) ?? expect.fail()
    return found as { models?: readonly string[] }
  }

  it('never replaces archives of the wider scope by archives of the narrower one', async () => {
    for (const day of [1, 2]) await run(day)
    schedule().models = ['city']
    for (const day of [3, 4]) expect((await run(day)).result?.suspicious).toBeUndefined()
    expect(await prune(30)).toEqual({ schedule: name, deleted: [keyOf(3), keyOf(1)] })
    schedule().models = ['city', 'memo']
    await run(5)
    expect(await prune(31)).toEqual({ schedule: name, deleted: [keyOf(4), keyOf(2)] })
  })
})
