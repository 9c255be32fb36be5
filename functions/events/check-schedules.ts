import * as z from 'zod'
import { checkSchedules } from '../../shared/schedules/check-schedules.ts'
import { METRIC } from '../../shared/telemetry/metric-names.ts'
import { addMetric, logger } from '../../shared/telemetry/telemetry.ts'
import { throwFailures } from './throw-failures.ts'
import { event } from '../handlers/event.ts'

/**
 * Runs every hour. Adds the number of overdue schedules to the metrics. A schedule is overdue if it has no good archive
 * for its last due time. Returns the state of each schedule. If some checks fail, throws `StepsFailedError` after all
 * schedules have been checked.
 */
export const handler = event(z.unknown(), async (_, services) => {
  const { results: states, failures } = await checkSchedules(services)
  const overdue = states.filter((state) => state.overdue)
  addMetric(METRIC.scheduleOverdue, overdue.length)
  if (overdue.length > 0) logger.error('schedules are overdue', { overdue })
  throwFailures(failures)
  return states
})
