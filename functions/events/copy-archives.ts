import * as z from 'zod'
import { copyArchives } from '../../shared/schedules/copy-archives.ts'
import { METRIC } from '../../shared/telemetry/metric-names.ts'
import { addMetric, logger } from '../../shared/telemetry/telemetry.ts'
import { event } from '../handlers/event.ts'
import { throwFailures } from './throw-failures.ts'

/**
 * Runs every hour. Copies scheduled archives to the bucket of the setting `copy_archives_to`, and checks the copies.
 * Adds the number of schedules whose archives could not be copied to the metrics. Throws `StepsFailedError` at the end
 * if there is such a schedule. Returns the keys of the new copies.
 */
export const handler = event(z.unknown(), async (_, services) => {
  const { results: copies, failures } = await copyArchives(services)
  addMetric(METRIC.scheduleCopyFailed, failures.length)
  logger.info('copied', { copies })
  throwFailures(failures)
  return copies
})
