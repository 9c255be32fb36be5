import { route } from '../handlers/route.ts'
import { readListRequest } from '../http/schedule-parameters.ts'
import { type ScheduleListView, scheduleViews } from '../http/schedule-view.ts'

/** `GET /_backup/schedules` */
export const handler = route(readListRequest, async (_, services) => {
  const body: ScheduleListView = { schedules: await scheduleViews(services, services.config.schedules) }
  return { status: 200, body }
})
