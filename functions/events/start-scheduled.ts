import * as z from 'zod'
import { startScheduled } from '../../shared/schedules/start-scheduled.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { event } from '../handlers/event.ts'

const Due = z.object({ schedule: z.string(), at: z.iso.datetime({ offset: true }) })

export type ScheduleEvent = z.input<typeof Due>

/**
 * Starts the export of a schedule that is due. EventBridge may deliver the same event more than once. If the schedule
 * is paused, logs that the due time is skipped. The hourly check counts this due time as any other.
 */
export const handler = event(Due, async ({ schedule, at }, services) => {
  const { skipped } = await startScheduled(services, schedule, new Date(at))
  if (skipped !== undefined)
    logger.warn('a due time starts no export, because its schedule is paused', { schedule, at, pause: skipped })
})
