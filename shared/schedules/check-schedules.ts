import type { JobStore } from '../jobs/aws/job-store.ts'
import type { Schedule } from './schedule.ts'
import { firstComplete, type ScheduledArchives, scheduledArchives } from './scheduled-archives.ts'
import { periodOf, timesOf } from './times.ts'

/** What the check uses. */
export interface ScheduleCheck extends ScheduledArchives {
  readonly jobs: Pick<JobStore, 'firstSeen'>
  readonly config: ScheduledArchives['config'] & { readonly schedules: readonly Schedule[] }
  readonly clock: () => Date
}

/** Whether a schedule has the archive that it should have by now. */
export interface ScheduleState {
  readonly schedule: string
  readonly overdue: boolean
  /** The last time at which it was due, long enough ago for the archive to exist. */
  readonly due_at?: string
  /** The time at which it was due for its newest complete archive. */
  readonly last_good_at?: string
}

const HOUR_MS = 3600_000
/** An export gets half of the period until its archive must exist, but at most six hours. */
const MAX_GRACE_MS = 6 * HOUR_MS

/** Checks every schedule: its newest archives are opened until a complete one is found. */
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
  const newest = await firstComplete(context, await scheduledArchives(context, name))
  return {
    schedule: name,
    overdue: newest === undefined || newest.at < due,
    due_at: due.toISOString(),
    ...(newest === undefined ? {} : { last_good_at: newest.at.toISOString() }),
  }
}

/** The last time at which a schedule was due and whose export must have ended by now. */
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
