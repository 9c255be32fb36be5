import type { JobStore } from '../jobs/aws/job-store.ts'
import type { Schedule } from './schedule.ts'
import { judgedArchives, type JudgedArchiveStores } from './judged-archives.ts'
import { goodSuccessors } from './successors.ts'
import { periodOf, timesOf } from './times.ts'

/** What the check uses. */
export interface ScheduleCheck extends JudgedArchiveStores {
  readonly jobs: Pick<JobStore, 'firstSeen'>
  readonly config: JudgedArchiveStores['config'] & { readonly schedules: readonly Schedule[] }
  readonly clock: () => Date
}

/** Says whether the archive of a schedule exists that should exist by now. */
export interface ScheduleState {
  readonly schedule: string
  readonly overdue: boolean
  /** The last time at which the schedule was due and whose grace time is over. */
  readonly due_at?: string
  /** The time at which the schedule was due when its newest good archive was made. */
  readonly last_good_at?: string
}

const HOUR_MS = 3600_000
/** The grace time, after which the archive must exist, is half of the period of a schedule, but at most this. */
const MAX_GRACE_MS = 6 * HOUR_MS

/**
 * Checks every schedule. A schedule is overdue if it has no good archive for the last time at which it was due: an
 * archive does not count if it is incomplete, damaged, suspicious or rejected.
 */
export const checkSchedules = async (context: ScheduleCheck): Promise<ScheduleState[]> => {
  const states: ScheduleState[] = []
  for (const schedule of context.config.schedules) states.push(await checkSchedule(context, schedule))
  return states
}

const checkSchedule = async (context: ScheduleCheck, schedule: Schedule): Promise<ScheduleState> => {
  const { name } = schedule
  // Due times before the schedule was created do not count.
  const since = await context.jobs.firstSeen(`schedule#${name}#${JSON.stringify(schedule.timing)}`)
  const due = lastDue(schedule, context.clock())
  if (due === undefined || due < since) return { schedule: name, overdue: false }
  const { archives } = await judgedArchives(context, schedule, { keep: true })
  const [newest] = await goodSuccessors(context.objects, archives)
  return {
    schedule: name,
    overdue: newest === undefined || Date.parse(newest.at) < due.getTime(),
    due_at: due.toISOString(),
    ...(newest === undefined ? {} : { last_good_at: newest.at }),
  }
}

/** Returns the last time at which a schedule was due and whose grace time is over. */
const lastDue = ({ timing }: Schedule, now: Date): Date | undefined => {
  if ('rate' in timing) {
    // AWS counts periods from the creation of the schedule, so the last time may be a whole period ago.
    const period = periodOf(timing.rate)
    return new Date(now.getTime() - period - graceOf(period))
  }
  const times = timesOf(timing)
  const [last, before] = times.last(now, 2)
  if (last === undefined) return undefined
  const period = before === undefined ? Infinity : last.getTime() - before.getTime()
  const [due] = times.last(new Date(now.getTime() - graceOf(period)), 1)
  return due
}

const graceOf = (period: number): number => Math.min(period / 2, MAX_GRACE_MS)
