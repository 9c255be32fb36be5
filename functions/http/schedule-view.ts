import * as z from 'zod'
import { JOB_STATUSES } from '../../shared/jobs/job.ts'
import { ARCHIVE_STATES } from '../../shared/schedules/archive-judgement.ts'
import { DEFAULT_MIN_RATIO, type Schedule } from '../../shared/schedules/schedule.ts'
import { type IntactServices, isIntactArchive } from '../../shared/schedules/is-intact.ts'
import { SchedulePause, SkippedDueTime } from '../../shared/schedules/schedule-record.ts'
import {
  type ScheduleStatus,
  scheduleStatuses,
  type ScheduleStatusServices,
} from '../../shared/schedules/schedule-status.ts'

/** The newest export of a schedule. */
const LastExportView = z
  .object({
    job_id: z.string(),
    status: z.enum(JOB_STATUSES),
    due_at: z
      .string()
      .describe('The time for which the schedule started the export. For a run by hand, the second of the request'),
    ended_at: z.exactOptional(z.string()),
    archive: z
      .exactOptional(z.object({ bucket: z.string(), key: z.string(), size: z.int() }).readonly())
      .describe('Absent if the export has written no archive yet, or if its job is no longer kept'),
    judgement: z
      .exactOptional(z.enum(ARCHIVE_STATES))
      .describe('How the archive was judged. Absent until it is judged'),
    damaged: z
      .exactOptional(z.literal(true))
      .describe('Only present if the archive was judged as good or confirmed, but is damaged or deleted now'),
  })
  .readonly()

/** A schedule of the settings, with its status. */
const ScheduleView = z
  .object({
    name: z.string(),
    cron: z.exactOptional(z.string()).describe('Either `cron` or `rate` is present'),
    rate: z.exactOptional(z.string()),
    timezone: z
      .exactOptional(z.string())
      .describe('Only present if the settings contain it. By default, `cron` is in UTC'),
    models: z
      .exactOptional(z.array(z.string()).readonly())
      .describe('Absent if the schedule exports all registered models'),
    filters: z
      .exactOptional(z.record(z.string(), z.unknown()).readonly())
      .describe('Absent if the schedule has no filters'),
    strict: z.boolean(),
    keep_days: z.int(),
    min_ratio: z.number(),
    next_at: z
      .exactOptional(z.string())
      .describe(
        'The next due time, even if the schedule is paused then. Absent if it is unknown, or if no due time follows',
      ),
    last: z.exactOptional(LastExportView),
    undecided: z
      .exactOptional(z.object({ job_id: z.string(), due_at: z.string(), key: z.string() }).readonly())
      .describe(
        'The newest suspicious archive that waits for a decision. Absent if there is none that is newer than every good ' +
          'archive. Until the decision, no archive of the schedule is deleted. Only the newest 500 archives are examined',
      ),
    last_good_at: z
      .exactOptional(z.string())
      .describe(
        'The due time of the newest good archive. Absent if there is none among the newest 500 archives, ' +
          'or if the newest three are damaged or deleted',
      ),
    searched_until: z
      .exactOptional(z.string())
      .describe(
        'The due time of the oldest archive that was examined. No archive from this time on is good. ' +
          'Only present if there may be an older archive that is good',
      ),
    overdue: z
      .exactOptional(z.boolean())
      .describe(
        'True if there is no good archive for the last due time whose grace time is over. A pause changes nothing. ' +
          'Absent if it is unknown, because three archives after this due time are damaged or deleted, ' +
          'or because 500 archives after it are not good',
      ),
    paused: z
      .exactOptional(SchedulePause)
      .describe('The pause of the schedule. Absent if the schedule is not paused, or if the pause has ended'),
    last_skipped: z
      .exactOptional(SkippedDueTime)
      .describe('The last due time that started no export because of a pause'),
  })
  .readonly()
  .meta({ id: 'Schedule' })
type ScheduleView = z.output<typeof ScheduleView>

/** The response of `GET /_backup/schedules`. */
export const ScheduleListView = z
  .object({
    schedules: z.array(ScheduleView).readonly().describe('All schedules of the settings, in their order'),
  })
  .readonly()
  .meta({ id: 'ScheduleList' })
export type ScheduleListView = z.output<typeof ScheduleListView>

/** The response of `POST /_backup/schedules/{name}/resume`. */
export const ResumedScheduleView = ScheduleView

/** The response of `POST /_backup/schedules/{name}/pause`. */
export const PausedScheduleView = z
  .object({
    name: z.string().describe('The name of the schedule'),
    ...SchedulePause.unwrap().shape,
  })
  .readonly()
  .meta({ id: 'PausedSchedule' })
export type PausedScheduleView = z.output<typeof PausedScheduleView>

/** The stores and settings that the status of schedules needs, including the stores that show damaged archives. */
type ScheduleViewServices = ScheduleStatusServices & IntactServices

/** Returns schedules with their status. */
export const scheduleViews = async (
  services: ScheduleViewServices,
  schedules: readonly Schedule[],
): Promise<ScheduleView[]> => {
  const statuses = await scheduleStatuses(services, schedules, (judgement) => isIntactArchive(services, judgement))
  return statuses.map(scheduleView)
}

const scheduleView = ({ schedule, ...status }: ScheduleStatus): ScheduleView => {
  const { name, timing, models, filters, strict, keep_days, min_ratio = DEFAULT_MIN_RATIO } = schedule
  return {
    name,
    ...timing,
    ...(models === undefined ? {} : { models }),
    ...(Object.keys(filters).length === 0 ? {} : { filters }),
    strict,
    keep_days,
    min_ratio,
    ...status,
  }
}
