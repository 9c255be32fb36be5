import * as z from 'zod'
import type { ArchiveCatalogue } from '../../shared/catalogue/aws/archive-catalogue.ts'
import { isSameContent } from '../../shared/catalogue/catalogued-archive.ts'
import { jobHealth } from '../../shared/jobs/job-health.ts'
import type { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import type { Schedule } from '../../shared/schedules/schedule.ts'
import {
  type ScheduleStatus,
  scheduleStatuses,
  type ScheduleStatusServices,
} from '../../shared/schedules/schedule-status.ts'

const Status = z.enum(['ok', 'degraded'])
type Status = z.output<typeof Status>

/** The jobs that have not ended, and the jobs that failed within the last 24 hours. */
const JobsCheck = z
  .object({
    status: Status.describe('`degraded` if `failed` is not empty, or if `all_examined` is false'),
    queued: z.int(),
    running: z.int(),
    awaiting_upload: z.int().describe('The number of open upload slots'),
    since: z.string().describe('The start of the last 24 hours'),
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
      .describe('The jobs that failed in this time, whenever they were created, except those in `rejected`'),
    rejected: z
      .int()
      .describe(
        'The number of jobs that failed in this time because of their request, or of an archive that the caller sent',
      ),
    all_examined: z
      .boolean()
      .describe('False if more than 200 jobs failed in this time. Only the newest 200 of them were examined'),
  })
  .readonly()

/** The schedules of the settings. */
const SchedulesCheck = z
  .object({
    status: Status.describe('`degraded` if a schedule is overdue or suspicious, or if `unknown` is not empty'),
    total: z.int().describe('The number of schedules'),
    overdue: z
      .array(z.string())
      .readonly()
      .describe(
        'The names of the schedules without a good archive for their last due time, by the judgements and checks. ' +
          'Archives are not opened: a deleted archive, or one with damage that no check has found, counts as good',
      ),
    unknown: z
      .array(z.string())
      .readonly()
      .describe(
        'The names of the schedules for which the route cannot decide whether they are overdue, because checks have ' +
          'found damage in three archives that are newer than the last due time, or because 500 such archives are ' +
          'not good',
      ),
    suspicious: z
      .array(z.string())
      .readonly()
      .describe(
        'The names of the schedules with a suspicious archive that is newer than every good archive ' +
          'and waits for a decision. No archives of these schedules are deleted. ' +
          'Only the newest 500 archives of each schedule are examined',
      ),
    paused: z
      .array(z.object({ name: z.string(), by: z.string(), until: z.string() }).readonly())
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

/** The services and settings that the health needs. It reads only the job table, unless an archive is damaged. */
type HealthServices = Parameters<typeof jobHealth>[0] &
  ScheduleStatusServices & {
    readonly objects: Pick<ObjectStore, 'head'>
    readonly catalogue: Pick<ArchiveCatalogue, 'damagedContents'>
    readonly config: {
      readonly schedules: readonly Schedule[]
      readonly buckets: { readonly archives: string }
    }
  }

/**
 * Returns the health of the deployment, as far as the job table contains it. Throws if the table cannot be read, or if
 * the object of a damaged archive cannot be looked up.
 */
export const healthView = async (services: HealthServices): Promise<HealthView> => {
  const [{ throttled, ...jobs }, schedules] = await Promise.all([jobHealth(services), statusesWithoutOpening(services)])
  const namesWhere = (predicate: (status: ScheduleStatus) => boolean): string[] =>
    schedules.filter(predicate).map(({ schedule }) => schedule.name)
  const overdue = namesWhere(({ overdue }) => overdue === true)
  const unknown = namesWhere(({ overdue }) => overdue === undefined)
  const suspicious = namesWhere(({ undecided }) => undecided !== undefined)
  const checks = {
    jobs: { status: statusOf(jobs.failed.length === 0 && jobs.all_examined), ...jobs },
    schedules: {
      status: statusOf(overdue.length + unknown.length + suspicious.length === 0),
      total: schedules.length,
      overdue,
      unknown,
      suspicious,
      paused: schedules.flatMap(({ schedule, paused }) =>
        paused === undefined ? [] : [{ name: schedule.name, by: paused.by, until: paused.until }],
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

/**
 * Returns the status of the schedules. Archives are not opened, because this would take too long. If a check has found
 * an archive damaged, its object is looked up, because it may have been replaced.
 */
const statusesWithoutOpening = ({
  objects,
  catalogue,
  config,
  ...services
}: HealthServices): Promise<ScheduleStatus[]> =>
  scheduleStatuses(services, config.schedules, async ({ key }) => {
    const damaged = await catalogue.damagedContents(key)
    if (damaged.length === 0) return true
    const object = await objects.head(config.buckets.archives, key)
    return object !== undefined && !damaged.some((content) => isSameContent(content, object))
  })
