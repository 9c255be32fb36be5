import type { JobStore } from '../jobs/aws/job-store.ts'
import type { Schedule } from './schedule.ts'
import { judgedArchives, type JudgedArchiveStores } from './judged-archives.ts'
import { goodSuccessors } from './successors.ts'
import { lastDue } from './last-due.ts'

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
