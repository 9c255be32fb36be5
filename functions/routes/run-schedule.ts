import { waitForEnd } from '../../shared/jobs/wait.ts'
import { runSchedule } from '../../shared/schedules/run-schedule.ts'
import { route } from '../handlers/route.ts'
import { jobAnswer } from '../http/job-answers.ts'
import { runInput } from '../http/schedule-parameters.ts'

/** `POST /_backup/schedules/{name}/run`. Starts an export of the schedule now, and responds as an export does. */
export const handler = route(runInput, async ({ schedule, waitSeconds, caller }, services) => {
  const { job_id } = await runSchedule(services, schedule, caller)
  return jobAnswer(services, await waitForEnd(services, job_id, waitSeconds))
})
