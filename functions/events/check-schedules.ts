import { eventHandler } from '../handlers/event.ts'
import { addMetric, logger, METRIC } from '../../shared/telemetry/telemetry.ts'
import { checkSchedules, type ScheduleState } from '../../shared/schedules/check-schedules.ts'

/** Once an hour: looks whether every schedule has the archive that it should have by now, and counts those that have not. */
export const handler = eventHandler<unknown, ScheduleState[]>(async (_, services) => {
  const states = await checkSchedules(services)
  const overdue = states.filter((state) => state.overdue)
  addMetric(METRIC.scheduleOverdue, overdue.length)
  if (overdue.length > 0) logger.error('schedules without a good archive in their time', { overdue })
  return states
})
