import { startNamedExport } from '../export/start-export.ts'
import type { ExportJob } from '../jobs/job.ts'
import type { ModelRegistry } from '../resources/models.ts'
import type { ScheduleRecords } from './aws/schedule-records.ts'
import { findSchedule } from './find-schedule.ts'
import { type Schedule, scheduledJobId, scheduledRequest } from './schedule.ts'
import { isPausedAt, type SchedulePause } from './schedule-record.ts'

/** The services and settings that are needed to start an export of a schedule. */
export type StartScheduledServices = Parameters<typeof startNamedExport>[0] & {
  readonly scheduleRecords: Pick<ScheduleRecords, 'pause' | 'storeRun' | 'storeDelivered' | 'storeSkipped'>
  readonly config: { readonly schedules: readonly Schedule[] }
  readonly models: ModelRegistry
}

/** The job of a due time, or the pause because of which the due time was skipped. */
type StartedOrSkipped =
  { readonly job: ExportJob; readonly skipped?: never } | { readonly skipped: SchedulePause; readonly job?: never }

/**
 * Starts the export of a schedule for the due time `at`, and returns its job. If the export was started before, returns
 * the existing job. If the schedule is paused now or was paused at the due time, starts nothing, and returns the pause.
 * Throws `UnknownScheduleError` and the errors of `scheduledRequest`.
 */
export const startScheduled = async (
  services: StartScheduledServices,
  name: string,
  at: Date,
): Promise<StartedOrSkipped> => {
  const { scheduleRecords, jobs, clock } = services
  const schedule = findSchedule(services.config.schedules, name)
  const due_at = at.toISOString()
  await scheduleRecords.storeDelivered(name, { due_at, timing: JSON.stringify(schedule.timing) })
  const job_id = scheduledJobId(name, at)
  const pause = await scheduleRecords.pause(name)
  // A late event must not start an export in a pause either. But a repeated event returns the job of the first one.
  const isPaused = pause !== undefined && [at, clock()].some((time) => isPausedAt(pause, time))
  if (isPaused && (await jobs.get(job_id)) === undefined) {
    await scheduleRecords.storeSkipped(name, { due_at, paused_by: pause.by })
    return { skipped: pause }
  }
  const request = scheduledRequest(schedule, at, services.models)
  const job = await startNamedExport(services, { job_id }, request, `schedule:${name}`, 'schedule')
  await scheduleRecords.storeRun(name, { job_id, due_at })
  return { job }
}
