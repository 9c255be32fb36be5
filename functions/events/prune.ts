import * as z from 'zod'
import { pruneObjects } from '../../shared/schedules/prune-objects.ts'
import { pruneSchedules } from '../../shared/schedules/prune.ts'
import { METRIC } from '../../shared/telemetry/metric-names.ts'
import { addMetric, logger } from '../../shared/telemetry/telemetry.ts'
import { event } from '../handlers/event.ts'
import { throwFailures } from './throw-failures.ts'

/**
 * Runs every day. Deletes the archives that schedules no longer keep, and other objects whose retention has ended. If a
 * suspicious archive waits for a decision, its schedule keeps all archives. The metrics count such schedules. Returns
 * the keys of the deleted archives of each schedule, and the number of deleted objects of each retention setting. If
 * the pruning of a schedule or of a retention setting fails, continues with the others, and throws `StepsFailedError`
 * at the end.
 */
export const handler = event(z.unknown(), async (_, services) => {
  const { results: pruned, failures } = await pruneSchedules(services)
  const stopped = pruned.filter(({ stopped_by }) => stopped_by !== undefined)
  addMetric(METRIC.scheduleSuspicious, stopped.length)
  if (stopped.length > 0) logger.error('suspicious archives prevent the pruning of schedules', { stopped })
  const groups = await pruneObjects(services)
  logger.info('pruned', { pruned, groups: groups.results })
  throwFailures([...failures, ...groups.failures])
  return [...pruned, ...groups.results]
})
