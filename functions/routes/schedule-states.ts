import { byRoute } from '../handlers/by-route.ts'
import { handler as getHealth } from './get-health.ts'
import { handler as listSchedules } from './list-schedules.ts'
import { handler as pauseSchedule } from './pause-schedule.ts'
import { handler as resumeSchedule } from './resume-schedule.ts'

/** The states of the deployment and of its schedules, including their pauses. */
export const handler = byRoute({
  'GET /_backup/health': getHealth,
  'GET /_backup/schedules': listSchedules,
  'POST /_backup/schedules/{name}/pause': pauseSchedule,
  'POST /_backup/schedules/{name}/resume': resumeSchedule,
})
