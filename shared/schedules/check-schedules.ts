import type { JobStore } from '../jobs/aws/job-store.ts'
import { attemptAll, type Attempts } from './attempt-all.ts'
import type { Schedule } from './schedule.ts'
import { judgedArchives, type JudgedArchiveStores } from './judged-archives.ts'
import { goodSuccessors } from './successors.ts'
import { lastDue } from './last-due.ts'

/** The stores and settings that the check needs. */
interface ScheduleCheck extends JudgedArchiveStores {
  readonly jobs: Pick<JobStore, 'firstSeen'>
  readonly config: JudgedArchiveStores['config'] & { readonly schedules: readonly Schedule[] }
  readonly clock: () => Date
}

/** The state of one schedule. */
interface ScheduleState {
  readonly schedule: string
  /** True if the schedule has no good archive whose due time is `due_at` or later. */
  readonly overdue: boolean
  /** The last due time whose grace time is over. Absent if there is no such due time since the first check. */
  readonly due_at?: string
  /** The due time of the newest good archive. Absent if there is no good archive. */
  readonly last_good_at?: string
}

/**
 * Checks every schedule, and returns its state. A schedule is overdue if it has no good archive for its last due time.
 * An archive that is incomplete, damaged, suspicious or rejected does not count. If the check of one schedule fails,
 * continues with the next schedule.
 */
export const checkSchedules = (context: ScheduleCheck): Promise<Attempts<ScheduleState>> =>
  attemptAll(
    context.config.schedules,
    ({ name }) => `schedule ${name}`,
    (schedule) => checkSchedule(context, schedule),
  )

const checkSchedule = async (context: ScheduleCheck, schedule: Schedule): Promise<ScheduleState> => {
  const { name } = schedule
  // Due times before the first check of this schedule are ignored, because the schedule may not have existed then.
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
