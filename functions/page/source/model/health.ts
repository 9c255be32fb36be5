import type { Health, Job, Schedule } from '../api/schemas.ts'
import { titleOf } from './describe-job.ts'
import { plural } from './format.ts'
import { punctualityOf } from './schedules.ts'

/** The state of a deployment, and what needs attention, a sentence each. */
export interface HealthSummary {
  readonly status: string
  readonly findings: readonly string[]
}

/**
 * Returns what is wrong with a deployment. The route of the schedules opens archives, which that of the health does
 * not, so it finds more. `opened` is undefined if its answer is unknown.
 */
export const healthSummary = (
  { status, checks: { jobs, schedules, throttling } }: Health,
  opened: readonly Pick<Schedule, 'name' | 'overdue'>[] | undefined,
): HealthSummary => {
  const namesWhere = (punctuality: ReturnType<typeof punctualityOf>): string[] =>
    (opened ?? []).filter((schedule) => punctualityOf(schedule) === punctuality).map(({ name }) => name)
  const late = [...new Set([...schedules.overdue, ...namesWhere('late')])]
  const unknown = [...new Set([...schedules.unknown, ...namesWhere('unknown')])].filter((name) => !late.includes(name))
  const findings = [
    ...(jobs.failed.length === 0 ? [] : [`${plural(jobs.failed.length, 'job')} failed in the last 24 hours`]),
    ...(jobs.all_examined === false ? ['more jobs failed in the last 24 hours than were examined'] : []),
    ...(late.length === 0 ? [] : [`late: ${late.join(', ')}`]),
    ...(unknown.length === 0 ? [] : [`unknown whether late: ${unknown.join(', ')}`]),
    ...(schedules.suspicious.length === 0 ? [] : [`suspicious archive: ${schedules.suspicious.join(', ')}`]),
    ...(throttling.jobs.length === 0 ? [] : [`AWS throttles ${plural(throttling.jobs.length, 'job')}`]),
  ]
  if (findings.length > 0) return { status: status === 'ok' ? 'degraded' : status, findings }
  if (opened === undefined) return { status, findings: ['unknown whether the archives of schedules can be opened'] }
  const fallback = status === 'ok' ? 'nothing needs attention' : 'for a reason that is not shown here'
  return { status, findings: [fallback] }
}

/** The last job that failed. */
export interface Failure {
  readonly job_id: string
  readonly at: string
  readonly text: string
}

/**
 * Returns the last failure among the newest jobs and those of the health. A long job can fail although many jobs were
 * created after it, so the newest jobs alone are not enough. Requests that were rejected are only in `newest`.
 */
export const lastFailure = (newest: readonly Job[], health: Health | undefined): Failure | undefined => {
  const failures = [
    ...newest.filter(({ status }) => status === 'failed').map(failureOf),
    ...(health?.checks.jobs.failed ?? []).flatMap(({ job_id, kind = 'job', ended_at: at, type = 'failed' }) =>
      at === undefined ? [] : [{ job_id, at, text: `${kind}: ${type}` }],
    ),
  ]
  // Both lists can contain the same job. The sort is stable, so its description in `newest` comes first.
  return failures.sort((a, b) => b.at.localeCompare(a.at)).at(0)
}

const failureOf = (job: Job): Failure => ({
  job_id: job.job_id,
  at: job.ended_at ?? job.created_at,
  text: `${titleOf(job)}: ${job.error?.title ?? 'failed'}`,
})
