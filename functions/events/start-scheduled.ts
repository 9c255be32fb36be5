import { z } from 'zod'
import { eventHandler } from '../handlers/event.ts'
import { startScheduled } from '../../shared/schedules/start-scheduled.ts'

const Due = z.object({ schedule: z.string(), at: z.iso.datetime({ offset: true }) })

export type ScheduleEvent = z.input<typeof Due>

/** A schedule is due: starts its export. The same event may come more than once. */
export const handler = eventHandler<ScheduleEvent>(async (event, services) => {
  const { schedule, at } = Due.parse(event)
  await startScheduled(services, schedule, new Date(at))
})
