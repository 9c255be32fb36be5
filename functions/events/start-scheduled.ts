import { z } from 'zod'
import { services } from '../../shared/runtime/services.ts'
import { startScheduled } from '../../shared/schedules/start-scheduled.ts'

const Due = z.object({ schedule: z.string(), at: z.iso.datetime({ offset: true }) })

export type ScheduleEvent = z.input<typeof Due>

/** A schedule is due: starts its export. The same event may come more than once. */
export const handler = async (event: ScheduleEvent): Promise<void> => {
  const { schedule, at } = Due.parse(event)
  await startScheduled(await services(), schedule, new Date(at))
}
