import { eventHandler } from '../handlers/event.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { type PrunedSchedule, pruneSchedules } from '../../shared/schedules/prune.ts'

/** Once a day: deletes the archives that schedules keep no longer. Gives what it deleted. */
export const handler = eventHandler<unknown, PrunedSchedule[]>(async (_, services) => {
  const pruned = await pruneSchedules(services)
  logger.info('pruned', { pruned })
  return pruned
})
