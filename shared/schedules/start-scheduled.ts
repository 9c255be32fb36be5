import { startNamedExport } from '../export/start-export.ts'
import type { ExportJob } from '../jobs/job.ts'
import type { ModelRegistry } from '../resources/models.ts'
import { findSchedule } from './find-schedule.ts'
import { type Schedule, scheduledRequest } from './schedule.ts'

/** The services and settings that are needed to start a scheduled export. */
type StartScheduledServices = Parameters<typeof startNamedExport>[0] & {
  readonly config: { readonly schedules: readonly Schedule[] }
  readonly models: ModelRegistry
}

/**
 * Starts the export of a schedule for the due time `at`, and returns its job. If the export was started before, returns
 * the existing job. Throws `UnknownScheduleError` and the errors of `scheduledRequest`.
 */
export const startScheduled = async (services: StartScheduledServices, name: string, at: Date): Promise<ExportJob> => {
  const schedule = findSchedule(services.config.schedules, name)
  const request = scheduledRequest(schedule, at, services.models)
  return startNamedExport(services, scheduledJobId(name, at), request, `schedule:${name}`, 'schedule')
}

/** Returns `s-{name}-{yyyymmddThhmmssZ}`, with the due time in UTC. */
const scheduledJobId = (name: string, at: Date): string =>
  `s-${name}-${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
