import type { ArchiveCatalogue } from '../catalogue/aws/archive-catalogue.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { attemptAll, type Attempts } from './attempt-all.ts'
import { judgedArchives, type JudgedArchiveServices } from './judged-archives.ts'
import { goodSuccessors } from './successors.ts'
import { lastDue } from './last-due.ts'
import { firstCheckKey, type Schedule } from './schedule.ts'

/** The stores and settings that the check needs. */
interface CheckSchedulesServices extends JudgedArchiveServices {
  readonly jobs: Pick<JobStore, 'firstSeen'>
  readonly catalogue: Pick<ArchiveCatalogue, 'isDamaged'>
  readonly config: JudgedArchiveServices['config'] & { readonly schedules: readonly Schedule[] }
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
export const checkSchedules = (services: CheckSchedulesServices): Promise<Attempts<ScheduleState>> =>
  attemptAll(
    services.config.schedules,
    ({ name }) => `schedule ${name}`,
    (schedule) => checkSchedule(services, schedule),
  )

const checkSchedule = async (services: CheckSchedulesServices, schedule: Schedule): Promise<ScheduleState> => {
  const { name } = schedule
  // Due times before the first check of this schedule are ignored, because the schedule may not have existed then.
  const since = await services.jobs.firstSeen(firstCheckKey(schedule))
  const due = lastDue(schedule, services.clock())
  if (due === undefined || due < since) return { schedule: name, overdue: false }
  const { archives } = await judgedArchives(services, schedule, { keep: true })
  const { good } = await goodSuccessors(services, archives)
  const [newest] = good
  return {
    schedule: name,
    overdue: newest === undefined || Date.parse(newest.at) < due.getTime(),
    due_at: due.toISOString(),
    ...(newest === undefined ? {} : { last_good_at: newest.at }),
  }
}
