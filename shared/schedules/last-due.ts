import type { Schedule } from './schedule.ts'
import { periodOf, timesOf } from './times.ts'

const HOUR_MS = 3600_000
/**
 * The longest grace time. The archive of a due time must exist when the grace time after the due time is over. The
 * grace time is half of the period of the schedule, but at most 6 hours.
 */
const MAX_GRACE_MS = 6 * HOUR_MS

/** Returns the last due time of a schedule whose grace time is over, or `undefined` if there is no such due time. */
export const lastDue = ({ timing }: Pick<Schedule, 'timing'>, now: Date): Date | undefined => {
  if ('rate' in timing) {
    // AWS counts periods from the creation of the schedule, which is unknown here. The last due time can be a whole
    // period ago.
    const period = periodOf(timing.rate)
    return new Date(now.getTime() - period - graceOf(period))
  }
  const times = timesOf(timing)
  const [last, before] = times.last(now, 2)
  if (last === undefined) return undefined
  const period = before === undefined ? Infinity : last.getTime() - before.getTime()
  const over = new Date(now.getTime() - graceOf(period))
  let [due] = times.last(over, 1)
  // If the clock is set back, a due time may occur twice, and the schedule may run at the second occurrence. The grace
  // time therefore begins at the second occurrence. The archives of both occurrences count.
  while (due !== undefined && times.latest(due) > over) [due] = times.last(due, 1)
  return due
}

const graceOf = (period: number): number => Math.min(period / 2, MAX_GRACE_MS)
