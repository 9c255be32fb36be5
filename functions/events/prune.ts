import { z } from 'zod'
import { pruneSchedules } from '../../shared/schedules/prune.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { event } from '../handlers/event.ts'

/** Runs every day: deletes the archives that schedules no longer keep. Returns the keys of the deleted archives. */
export const handler = event(z.unknown(), async (_, services) => {
  const pruned = await pruneSchedules(services)
  logger.info('pruned', { pruned })
  return pruned
})
