import type { Health } from '../api/schemas.ts'
import { plural } from './format.ts'

/** Returns what is wrong with a deployment, a sentence each. */
export const healthFindings = ({ checks }: Health): string[] => {
  const { jobs, schedules, throttling } = checks
  return [
    ...(jobs.failed.length === 0 ? [] : [`${plural(jobs.failed.length, 'job')} failed in the last 24 hours`]),
    ...(schedules.overdue.length === 0 ? [] : [`late: ${schedules.overdue.join(', ')}`]),
    ...(schedules.suspicious.length === 0 ? [] : [`suspicious archive: ${schedules.suspicious.join(', ')}`]),
    ...(throttling.jobs.length === 0 ? [] : [`AWS throttles ${plural(throttling.jobs.length, 'job')}`]),
  ]
}
