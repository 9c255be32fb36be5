import { route } from '../handlers/route.ts'
import { rejectParameters } from '../http/route-input.ts'
import { type ScheduleListView, scheduleViews } from '../http/schedule-view.ts'

/** `GET /_backup/schedules` */
export const handler = route(rejectParameters, async (_, services) => {
  const body: ScheduleListView = { schedules: await scheduleViews(services, services.config.schedules) }
  return { status: 200, body }
})
