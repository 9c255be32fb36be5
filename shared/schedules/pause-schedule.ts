import { DAY_MS } from '../values/durations.ts'
import type { ScheduleRecords } from './aws/schedule-records.ts'
import { findSchedule } from './find-schedule.ts'
import type { Schedule } from './schedule.ts'
import type { SchedulePause } from './schedule-record.ts'

/** The store and settings that are needed to pause and resume schedules. */
interface PauseServices {
  readonly scheduleRecords: Pick<ScheduleRecords, 'pause' | 'storePause'>
  readonly config: { readonly schedules: readonly Schedule[] }
  readonly clock: () => Date
}

/** A request to pause a schedule. */
export interface PauseRequest {
  readonly schedule: string
  readonly days: number
  readonly reason?: string
}

/**
 * Pauses a schedule for a number of days, and returns the pause. Replaces an earlier pause. Exports that are running
 * continue. Throws `UnknownScheduleError`.
 */
export const pauseSchedule = async (
  { scheduleRecords, config, clock }: PauseServices,
  { schedule, days, reason }: PauseRequest,
  by: string,
): Promise<SchedulePause> => {
  const { name } = findSchedule(config.schedules, schedule)
  const now = clock()
  const until = new Date(now.getTime() + days * DAY_MS)
  const pause = {
    by,
    at: now.toISOString(),
    until: until.toISOString(),
    ...(reason === undefined ? {} : { reason }),
  }
  await scheduleRecords.storePause(name, pause)
  return pause
}

/**
 * Ends the pause of a schedule, and returns the schedule. Does nothing if the schedule is not paused. The pause is kept
 * with the current time as its end, so that due times of the pause whose events arrive later start no export. Throws
 * `UnknownScheduleError`.
 */
export const resumeSchedule = async (
  { scheduleRecords, config, clock }: PauseServices,
  name: string,
): Promise<Schedule> => {
  const schedule = findSchedule(config.schedules, name)
  const pause = await scheduleRecords.pause(schedule.name)
  const now = clock()
  if (pause !== undefined && now < new Date(pause.until))
    await scheduleRecords.storePause(schedule.name, { ...pause, until: now.toISOString() })
  return schedule
}
