import * as z from 'zod'
import { startScheduled } from '../../shared/schedules/start-scheduled.ts'
import { event } from '../handlers/event.ts'

const Due = z.object({ schedule: z.string(), at: z.iso.datetime({ offset: true }) })

export type ScheduleEvent = z.input<typeof Due>

/** Starts the export of a schedule that is due. EventBridge may deliver the same event more than once. */
export const handler = event(Due, async ({ schedule, at }, services) => {
  await startScheduled(services, schedule, new Date(at))
})
