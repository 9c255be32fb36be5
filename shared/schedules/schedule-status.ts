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
  /** Present if the archive was judged as good, but is damaged or deleted now. */
  readonly damaged?: true
}

/** A suspicious archive that waits for a decision. Until then, no archive of the schedule is deleted. */
interface UndecidedArchive {
  readonly job_id: string
  readonly due_at: string
  readonly key: string
}

/** The status of a schedule. All times are in ISO 8601. */
export interface ScheduleStatus {
  readonly schedule: Schedule
  /** Absent if no due time follows, or if the scheduler has not delivered a due time of a rate yet. */
  readonly next_at?: string
  readonly last?: LastExport
  /** The newest suspicious archive, if it is newer than every good archive and no caller has decided about it. */
  readonly undecided?: UndecidedArchive
  /** The due time of the newest good archive that is intact. Absent if there is none, or if the search has ended. */
  readonly last_good_at?: string
  /** If the search has ended, the due time of the oldest archive that it examined. None of the archives is good. */
  readonly searched_until?: string
  /**
   * True if there is no good archive for the last due time whose grace time is over. Absent if the search has ended
   * before it was known.
   */
  readonly overdue?: boolean
  readonly paused?: SchedulePause
  readonly last_skipped?: SkippedDueTime
}

/** The number of schedules whose status is found at the same time. */
const FOUND_AT_ONCE = 8

/**
 * The number of damaged or missing archives after which the search for a good archive ends. A few reads must be enough
 * for each schedule. The hourly check opens all archives.
 */
const MAX_DAMAGED = 3

/**
 * The number of judgements after which the search for a good archive ends. If all archives of a schedule are
 * incomplete, pruning keeps them, so there may be very many.
 */
const MAX_JUDGEMENTS = 500

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
  const found = await findJudgements(services, schedule, isIntact)
  const { undecided, good, ended_at } = found
  const next_at = nextDue(schedule, record, now)?.toISOString()
  const last = await lastExport(services, record, found)
  const overdue = await isOverdue(services, schedule, found, now)
  const { pause, skipped } = record
  return {
    schedule,
    ...(next_at === undefined ? {} : { next_at }),
    ...(last === undefined ? {} : { last }),
    ...(undecided === undefined ? {} : { undecided }),
    ...(good === undefined ? {} : { last_good_at: good.at }),
    ...(ended_at === undefined ? {} : { searched_until: ended_at }),
    ...(overdue === undefined ? {} : { overdue }),
    ...(pause === undefined || !isPausedAt(pause, now) ? {} : { paused: pause }),
    ...(skipped === undefined ? {} : { last_skipped: skipped }),
  }
}

/** The judgements on which the status of a schedule depends. */
interface FoundJudgements {
  readonly newest?: ArchiveJudgement
  /** Present if `newest` is the judgement of a good archive that is not intact. */
  readonly isNewestDamaged?: true
  readonly undecided?: UndecidedArchive
  /** The newest judgement of a good archive that is intact. */
  readonly good?: ArchiveJudgement
  /** The due time of the archive after which the search has ended. Absent if `good` or all judgements were found. */
  readonly ended_at?: string
}

const findJudgements = async (
  { archiveJudgements }: Pick<ScheduleStatusServices, 'archiveJudgements'>,
  { name }: Schedule,
  isIntact: IsIntact,
): Promise<FoundJudgements> => {
  let found: FoundJudgements = {}
  let counted = 0
  let read = 0
  for await (const judgement of archiveJudgements.newest(name)) {
    const { state, job_id, at, key } = judgement
    found = { newest: judgement, ...found }
    if (!isCounted(judgement)) {
      // Pruning uses the same condition: it does not open archives, so damaged ones count, too.
      if (state === 'suspicious' && counted === 0) found = { undecided: { job_id, due_at: at, key }, ...found }
    } else {
      if (await isIntact(judgement)) return { ...found, good: judgement }
      if (judgement === found.newest) found = { ...found, isNewestDamaged: true }
      counted++
    }
    if (counted === MAX_DAMAGED || ++read === MAX_JUDGEMENTS) return { ...found, ended_at: at }
  }
  return found
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
  { newest: judgement, isNewestDamaged }: FoundJudgements,
): Promise<LastExport | undefined> => {
  const judgedRun = judgement === undefined ? undefined : { job_id: judgement.job_id, due_at: judgement.at }
  const isJudgedNewer =
    run === undefined || (judgedRun !== undefined && Date.parse(judgedRun.due_at) > Date.parse(run.due_at))
  const last = isJudgedNewer ? judgedRun : run
  if (last === undefined) return undefined
  const { job_id, due_at } = last
  const job = await jobs.get(job_id)
  const judged = judgement?.job_id === job_id ? judgement : undefined
  const verdict =
    judged === undefined
      ? {}
      : { judgement: judged.state, ...(isNewestDamaged === undefined ? {} : { damaged: isNewestDamaged }) }
  if (job?.kind !== 'export') {
    if (judged === undefined) return undefined
    const status = judged.state === 'incomplete' ? 'partial' : 'succeeded'
    return { job_id, due_at, status, ...verdict }
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
    ...verdict,
  }
}

/**
 * Returns true under the same conditions as `checkSchedules`, which runs every hour. Returns `undefined` if the search
 * for a good archive has ended before the last due time was reached.
 */
const isOverdue = async (
  { jobs }: Pick<ScheduleStatusServices, 'jobs'>,
  schedule: Schedule,
  { good, ended_at }: FoundJudgements,
  now: Date,
): Promise<boolean | undefined> => {
  const due = lastDue(schedule, now)
  if (due === undefined || (good !== undefined && Date.parse(good.at) >= due.getTime())) return false
  const since = await jobs.seenAt(firstCheckKey(schedule))
  if (since === undefined || due < since) return false
  return ended_at !== undefined && Date.parse(ended_at) > due.getTime() ? undefined : true
}
