import * as z from 'zod'
import { jobHealth } from '../../shared/jobs/job-health.ts'
import type { Schedule } from '../../shared/schedules/schedule.ts'
import { scheduleStatuses, type ScheduleStatusServices } from '../../shared/schedules/schedule-status.ts'

const Status = z.enum(['ok', 'degraded'])
type Status = z.output<typeof Status>

/** The jobs that have not ended, and the jobs of the last 24 hours that failed. */
const JobsCheck = z
  .object({
    status: Status.describe('`degraded` if `failed` is not empty'),
    queued: z.int(),
    running: z.int(),
    awaiting_upload: z.int().describe('The number of open upload slots'),
    since: z.string().describe('The begin of the last 24 hours'),
    examined: z.int().describe('The number of jobs of this time that were examined: the newest ones, at most 50'),
    all_examined: z.boolean().describe('False if more jobs were created in this time than were examined'),
    failed: z
      .array(
        z
          .object({
            job_id: z.string(),
            kind: z.string().describe('As in the job object'),
            source: z.string(),
            ended_at: z.exactOptional(z.string()),
            type: z.exactOptional(z.string()).describe('The type of the problem'),
          })
          .readonly(),
      )
      .readonly()
      .describe('The examined jobs that failed, except those in `rejected`'),
    rejected: z
      .int()
      .describe(
        'The number of examined jobs that failed because of their request, or of an archive that the caller sent',
      ),
  })
  .readonly()

/** The schedules of the settings. */
const SchedulesCheck = z
  .object({
    status: Status.describe('`degraded` if a schedule is overdue or suspicious'),
    total: z.int().describe('The number of schedules'),
    overdue: z
      .array(z.string())
      .readonly()
      .describe('The names of the schedules without a good archive for their last due time'),
    suspicious: z
      .array(z.string())
      .readonly()
      .describe('The names of the schedules whose newest archive is suspicious and waits for a decision'),
    paused: z
      .array(z.object({ schedule: z.string(), by: z.string(), until: z.string() }).readonly())
      .readonly()
      .describe('The schedules that are paused now. They start no exports'),
  })
  .readonly()

/** The calls of running jobs that AWS throttled within the last two minutes. */
const ThrottlingCheck = z
  .object({
    status: Status.describe('`degraded` if `jobs` is not empty'),
    jobs: z
      .array(
        z
          .object({
            job_id: z.string(),
            calls: z
              .array(
                z.object({ by: z.string(), operation: z.string(), attempts: z.int(), last_at: z.string() }).readonly(),
              )
              .readonly(),
          })
          .readonly(),
      )
      .readonly()
      .describe('The throttled jobs among the ten oldest running jobs'),
  })
  .readonly()

/** The response of `GET /_backup/health`. */
export const HealthView = z
  .object({
    status: Status.describe('`ok` if all checks are `ok`'),
    at: z.string().describe('The time of the checks'),
    checks: z.object({ jobs: JobsCheck, schedules: SchedulesCheck, throttling: ThrottlingCheck }).readonly(),
    not_checked: z.array(z.string()).readonly().describe('What this route does not check, as sentences for people'),
  })
  .readonly()
  .meta({ id: 'Health' })
export type HealthView = z.output<typeof HealthView>

/** The checks that take longer than a second or need more permissions, and where to find their results. */
const NOT_CHECKED = [
  'whether the resource table and the buckets can be read and written: the next export or restore shows this',
  'whether archives can still be opened: `GET /_backup/schedules` opens the newest good archive of each schedule',
  'whether archives can be restored: only a restore or a dry run shows this',
  'the copies of archives and the daily deletion: their alarms and logs show their failures',
]

const statusOf = (isOk: boolean): Status => (isOk ? 'ok' : 'degraded')

/** The services and settings that the health needs. It reads only the job table. */
type HealthServices = Parameters<typeof jobHealth>[0] &
  ScheduleStatusServices & { readonly config: { readonly schedules: readonly Schedule[] } }

/** Returns the health of the deployment, as far as the job table contains it. Throws if the table cannot be read. */
export const healthView = async (services: HealthServices): Promise<HealthView> => {
  const [{ throttled, ...jobs }, schedules] = await Promise.all([
    jobHealth(services),
    // Archives are not opened: this would take too long, and need permissions on the archive bucket.
    scheduleStatuses(services, services.config.schedules, () => Promise.resolve(true)),
  ])
  const named = (holds: (status: (typeof schedules)[number]) => boolean): string[] =>
    schedules.filter(holds).map(({ schedule }) => schedule.name)
  const overdue = named((one) => one.overdue)
  const suspicious = named(({ last }) => last?.judgement === 'suspicious')
  const checks = {
    jobs: { status: statusOf(jobs.failed.length === 0), ...jobs },
    schedules: {
      status: statusOf(overdue.length + suspicious.length === 0),
      total: schedules.length,
      overdue,
      suspicious,
      paused: schedules.flatMap(({ schedule, paused }) =>
        paused === undefined ? [] : [{ schedule: schedule.name, by: paused.by, until: paused.until }],
      ),
    },
    throttling: {
      status: statusOf(throttled.length === 0),
      jobs: throttled.map(({ job_id, calls }) => ({
        job_id,
        calls: calls.map(({ by, operation, attempts, last_at }) => ({
          by,
          operation,
          attempts,
          last_at: last_at.toISOString(),
        })),
      })),
    },
  }
  const isOk = Object.values(checks).every(({ status }) => status === 'ok')
  return { status: statusOf(isOk), at: services.clock().toISOString(), checks, not_checked: NOT_CHECKED }
}
