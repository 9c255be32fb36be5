import { resumeSchedule } from '../../shared/schedules/pause-schedule.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { route } from '../handlers/route.ts'
import { resumeInput } from '../http/schedule-parameters.ts'
import { scheduleViews } from '../http/schedule-view.ts'

/** `POST /_backup/schedules/{name}/resume` */
export const handler = route(
  (request) => ({ schedule: resumeInput(request), caller: request.caller }),
  async ({ schedule, caller }, services) => {
    const resumed = await resumeSchedule(services, schedule)
    logger.info('a schedule was resumed', { schedule, by: caller })
    const [body] = await scheduleViews(services, [resumed])
    return { status: 200, body }
  },
)
