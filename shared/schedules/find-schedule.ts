import { UnknownScheduleError } from './errors.ts'
import type { Schedule } from './schedule.ts'

/** Returns the schedule with this name. Throws `UnknownScheduleError` if the deployment has no such schedule. */
export const findSchedule = (schedules: readonly Schedule[], name: string): Schedule => {
  const schedule = schedules.find((known) => known.name === name)
  if (schedule === undefined)
    throw new UnknownScheduleError(
      name,
      schedules.map((known) => known.name),
    )
  return schedule
}
