import * as z from 'zod'

/** The longest pause of a schedule, in days. A pause must end by itself, because nothing is exported until it ends. */
export const MAX_PAUSE_DAYS = 30
/** The largest number of characters in the reason of a pause. */
export const MAX_REASON_CHARACTERS = 500

/** A pause of a schedule. Until it ends, no due time starts an export. */
export const SchedulePause = z
  .object({
    /** The ARN of the caller who has paused the schedule. */
    by: z.string(),
    /** The time from which the schedule is paused. ISO 8601, as all times. */
    at: z.string(),
    /** The time at which the pause ends by itself. */
    until: z.string(),
    reason: z.exactOptional(z.string()),
  })
  .readonly()
export type SchedulePause = z.output<typeof SchedulePause>

/** The newest export of a schedule: the one with the latest due time. */
export const ScheduleRun = z.object({ job_id: z.string(), due_at: z.string() }).readonly()
export type ScheduleRun = z.output<typeof ScheduleRun>

/** The latest due time that the scheduler has delivered, and the timing that the schedule had then. */
export const DeliveredDueTime = z.object({ due_at: z.string(), timing: z.string() }).readonly()
export type DeliveredDueTime = z.output<typeof DeliveredDueTime>

/** The latest due time that started no export because of a pause, and the caller who had paused the schedule. */
export const SkippedDueTime = z.object({ due_at: z.string(), paused_by: z.string() }).readonly()
export type SkippedDueTime = z.output<typeof SkippedDueTime>

/** What the job table contains about a schedule, apart from its archives. A part is absent until it is first stored. */
export interface ScheduleRecord {
  readonly run?: ScheduleRun
  readonly delivered?: DeliveredDueTime
  readonly skipped?: SkippedDueTime
  /** The last pause. It may have ended. */
  readonly pause?: SchedulePause
}

/** Returns true if a pause has begun and has not ended at this time. */
export const isPausedAt = ({ at, until }: SchedulePause, time: Date): boolean =>
  Date.parse(at) <= time.getTime() && time.getTime() < Date.parse(until)
