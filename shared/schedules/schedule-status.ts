import pMap from 'p-map'
import type { JobStore } from '../jobs/aws/job-store.ts'
import type { JobStatus } from '../jobs/job.ts'
import { type ArchiveJudgement, type ArchiveState, isCounted } from './archive-judgement.ts'
import type { ArchiveJudgements } from './aws/archive-judgements.ts'
import type { ScheduleRecords } from './aws/schedule-records.ts'
import { lastDue } from './last-due.ts'
import { dueTimes, firstCheckKey, type Schedule } from './schedule.ts'
import { isPausedAt, type SchedulePause, type ScheduleRecord, type SkippedDueTime } from './schedule-record.ts'
import { periodOf } from './times.ts'

/** The stores that are needed to find the status of schedules. All of them are only read. */
export interface ScheduleStatusServices {
  readonly jobs: Pick<JobStore, 'get' | 'seenAt'>
  readonly archiveJudgements: Pick<ArchiveJudgements, 'newest'>
  readonly scheduleRecords: Pick<ScheduleRecords, 'list'>
  readonly clock: () => Date
}

/** Returns true if an archive can be opened, and still is the archive that was judged. */
export type IsIntact = (judgement: ArchiveJudgement) => Promise<boolean>

/** The newest export of a schedule. */
interface LastExport {
  readonly job_id: string
  readonly due_at: string
  readonly status: JobStatus
  readonly ended_at?: string
  /** Absent if the export has written no archive, or if its job is no longer kept. */
  readonly archive?: { readonly bucket: string; readonly key: string; readonly size: number }
  /** Absent until the archive is judged. */
  readonly judgement?: ArchiveState
}

/** The status of a schedule. All times are in ISO 8601. */
export interface ScheduleStatus {
  readonly schedule: Schedule
  /** Absent if no due time follows, or if the scheduler has not delivered a due time of a rate yet. */
  readonly next_at?: string
  readonly last?: LastExport
  /** The due time of the newest good archive that is intact. */
  readonly last_good_at?: string
  /** True if there is no good archive for the last due time whose grace time is over. */
  readonly overdue: boolean
  readonly paused?: SchedulePause
  readonly last_skipped?: SkippedDueTime
}

/** The number of schedules whose status is found at the same time. */
const FOUND_AT_ONCE = 8

/**
 * The number of damaged or missing archives after which the search for a good archive ends. A few reads must be enough
 * for each schedule. The hourly check continues the search.
 */
const MAX_DAMAGED = 3

/** Returns the status of schedules, in the same order. Needs a few reads for each schedule, and writes nothing. */
export const scheduleStatuses = async (
  services: ScheduleStatusServices,
  schedules: readonly Schedule[],
  isIntact: IsIntact,
): Promise<ScheduleStatus[]> => {
  const records = await services.scheduleRecords.list(schedules.map(({ name }) => name))
  return pMap(schedules, (schedule, index) => statusOf(services, schedule, records[index] ?? {}, isIntact), {
    concurrency: FOUND_AT_ONCE,
  })
}

const statusOf = async (
  services: ScheduleStatusServices,
  schedule: Schedule,
  record: ScheduleRecord,
  isIntact: IsIntact,
): Promise<ScheduleStatus> => {
  const now = services.clock()
  const { newest, good } = await findJudgements(services, schedule, isIntact)
  const next_at = nextDue(schedule, record, now)?.toISOString()
  const last = await lastExport(services, record, newest)
  const { pause, skipped } = record
  return {
    schedule,
    ...(next_at === undefined ? {} : { next_at }),
    ...(last === undefined ? {} : { last }),
    ...(good === undefined ? {} : { last_good_at: good.at }),
    overdue: await isOverdue(services, schedule, good, now),
    ...(pause === undefined || !isPausedAt(pause, now) ? {} : { paused: pause }),
    ...(skipped === undefined ? {} : { last_skipped: skipped }),
  }
}

/** Returns the newest judgement, and the newest judgement of a good archive that is intact. */
const findJudgements = async (
  { archiveJudgements }: Pick<ScheduleStatusServices, 'archiveJudgements'>,
  { name }: Schedule,
  isIntact: IsIntact,
): Promise<{ readonly newest?: ArchiveJudgement; readonly good?: ArchiveJudgement }> => {
  let newest: ArchiveJudgement | undefined
  let damaged = 0
  for await (const judgement of archiveJudgements.newest(name)) {
    newest ??= judgement
    if (!isCounted(judgement)) continue
    if (await isIntact(judgement)) return { newest, good: judgement }
    if (++damaged === MAX_DAMAGED) break
  }
  return newest === undefined ? {} : { newest }
}

/**
 * Returns the next due time. For a rate, it is counted from the last due time that the scheduler has delivered, because
 * AWS counts the periods from the creation of the schedule, and this time is unknown.
 */
const nextDue = (schedule: Schedule, { delivered }: ScheduleRecord, now: Date): Date | undefined => {
  const { timing } = schedule
  if ('cron' in timing) return dueTimes(schedule).next(now)
  if (delivered === undefined || delivered.timing !== JSON.stringify(timing)) return undefined
  const [period, last] = [periodOf(timing.rate), Date.parse(delivered.due_at)]
  return new Date(last + Math.max(1, Math.floor((now.getTime() - last) / period) + 1) * period)
}

/**
 * Returns the newest export. The job of an old export is no longer kept, and an export of an earlier version has no
 * record. Therefore, the newest judgement is used in these cases.
 */
const lastExport = async (
  { jobs }: Pick<ScheduleStatusServices, 'jobs'>,
  { run }: ScheduleRecord,
  judgement: ArchiveJudgement | undefined,
): Promise<LastExport | undefined> => {
  const judgedRun = judgement === undefined ? undefined : { job_id: judgement.job_id, due_at: judgement.at }
  const isJudgedNewer =
    run === undefined || (judgedRun !== undefined && Date.parse(judgedRun.due_at) > Date.parse(run.due_at))
  const last = isJudgedNewer ? judgedRun : run
  if (last === undefined) return undefined
  const { job_id, due_at } = last
  const job = await jobs.get(job_id)
  const judged = judgement?.job_id === job_id ? judgement : undefined
  if (job?.kind !== 'export') {
    if (judged === undefined) return undefined
    const status = judged.state === 'incomplete' ? 'partial' : 'succeeded'
    return { job_id, due_at, status, judgement: judged.state }
  }
  const { status, ended_at, result } = job
  return {
    job_id,
    due_at,
    status,
    ...(ended_at === undefined ? {} : { ended_at }),
    ...(result === undefined
      ? {}
      : { archive: { bucket: result.archive.bucket, key: result.archive.key, size: result.archive.size } }),
    ...(judged === undefined ? {} : { judgement: judged.state }),
  }
}

/** Returns true under the same conditions as `checkSchedules`, which runs every hour. */
const isOverdue = async (
  { jobs }: Pick<ScheduleStatusServices, 'jobs'>,
  schedule: Schedule,
  good: ArchiveJudgement | undefined,
  now: Date,
): Promise<boolean> => {
  const due = lastDue(schedule, now)
  if (due === undefined || (good !== undefined && Date.parse(good.at) >= due.getTime())) return false
  const since = await jobs.seenAt(firstCheckKey(schedule))
  return since !== undefined && due >= since
}
