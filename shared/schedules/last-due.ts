import type { Schedule } from './schedule.ts'
import { periodOf, timesOf } from './times.ts'

const HOUR_MS = 3600_000
/** The grace time, after which the archive must exist, is half of the period of a schedule, but at most this. */
const MAX_GRACE_MS = 6 * HOUR_MS

/** Returns the last time at which a schedule was due and whose grace time is over. */
export const lastDue = ({ timing }: Pick<Schedule, 'timing'>, now: Date): Date | undefined => {
  if ('rate' in timing) {
    // AWS counts periods from the creation of the schedule, so the last time may be a whole period ago.
    const period = periodOf(timing.rate)
    return new Date(now.getTime() - period - graceOf(period))
  }
  const times = timesOf(timing)
  const [last, before] = times.last(now, 2)
  if (last === undefined) return undefined
  const period = before === undefined ? Infinity : last.getTime() - before.getTime()
  const over = new Date(now.getTime() - graceOf(period))
  let [due] = times.last(over, 1)
  // If the clock is set back, the schedule may run at the second occurrence of a time, so the check waits for it. An
  // archive of either occurrence is good.
  while (due !== undefined && times.latest(due) > over) [due] = times.last(due, 1)
  return due
}

const graceOf = (period: number): number => Math.min(period / 2, MAX_GRACE_MS)
