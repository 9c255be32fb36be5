import { pauseSchedule } from '../../shared/schedules/pause-schedule.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { route } from '../handlers/route.ts'
import { pauseInput } from '../http/schedule-parameters.ts'
import type { PausedScheduleView } from '../http/schedule-view.ts'

/** `POST /_backup/schedules/{name}/pause` */
export const handler = route(pauseInput, async ({ pause, caller }, services) => {
  const body: PausedScheduleView = {
    name: pause.schedule,
    ...(await pauseSchedule(services, pause, caller)),
  }
  logger.warn('a schedule was paused', { pause: body })
  return { status: 200, body }
})
