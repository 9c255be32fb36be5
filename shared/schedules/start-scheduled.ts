import { startNamedExport } from '../export/start-export.ts'
import type { ExportJob } from '../jobs/job.ts'
import type { Services } from '../runtime/services.ts'
import { UnknownScheduleError } from './schedule-errors.ts'
import { scheduledRequest } from './schedule.ts'

/**
 * Starts the export of a schedule for one time that it was due. A repeated delivery gives the same job. Throws
 * `UnknownScheduleError`, and what the export's request is refused with.
 */
export const startScheduled = async (services: Services, name: string, at: Date): Promise<ExportJob> => {
  const schedule = services.config.schedules.find((one) => one.name === name)
  if (schedule === undefined) throw new UnknownScheduleError(name)
  const request = scheduledRequest(schedule, at, services.models)
  return startNamedExport(services, scheduledJobId(name, at), request, `schedule:${name}`, 'schedule')
}

/** `s-{name}-{yyyymmddThhmmssZ}` */
const scheduledJobId = (name: string, at: Date): string =>
  `s-${name}-${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
