import type { Services } from '../runtime/services.ts'
import type { Schedule } from './schedule.ts'
import { newestGood } from './scheduled-archives.ts'
import { periodOf, timesOf } from './times.ts'

/** Whether a schedule has the archive that it should have by now. */
export interface ScheduleState {
  readonly schedule: string
  readonly overdue: boolean
  /** The last time that it was due and that an archive of it should stand by now. */
  readonly due_at?: string
  /** The time for which its newest complete archive was due. */
  readonly last_good_at?: string
}

const HOUR_MS = 3600_000
/** An export has half of a period to end, and six hours of the longer ones. */
const MOST_GRACE_MS = 6 * HOUR_MS

/** Looks at every schedule: its newest archive is opened and read. */
export const checkSchedules = async (services: Services): Promise<ScheduleState[]> => {
  const states: ScheduleState[] = []
  for (const schedule of services.config.schedules) states.push(await check(services, schedule))
  return states
}

const check = async (services: Services, schedule: Schedule): Promise<ScheduleState> => {
  const { name } = schedule
  // A schedule owes nothing for the time before it was there.
  const since = await services.jobs.firstSeen(`schedule#${name}#${JSON.stringify(schedule.timing)}`)
  const due = lastDue(schedule, services.clock())
  if (due === undefined || due < since) return { schedule: name, overdue: false }
  const good = await newestGood(services, name)
  return {
    schedule: name,
    overdue: good === undefined || good.at < due,
    due_at: due.toISOString(),
    ...(good === undefined ? {} : { last_good_at: good.at.toISOString() }),
  }
}

/** The last time that a schedule was due, long enough ago for its export to have ended. */
const lastDue = ({ timing }: Schedule, now: Date): Date | undefined => {
  if ('rate' in timing) {
    // AWS counts a rate from when the schedule was made: the last time may be as long ago as its period.
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

const graceOf = (period: number): number => Math.min(period / 2, MOST_GRACE_MS)
