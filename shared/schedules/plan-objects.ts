import { pMapIterable, pMapSkip } from 'p-map'
import * as z from 'zod'
import type { DatedObject } from '../objects/aws/object-reader.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { hasReport } from '../restore/upload-report.ts'
import { DAY_MS } from '../values/durations.ts'
import { lockedUntil, lockReason } from './locked-until.ts'
import { PRUNE_ACTIONS } from './prune-plan.ts'
import { RETENTION_LOCATIONS, type RetentionDays, type RetentionGroup } from './retention.ts'

/** The action that the next pruning takes for one object, and the reason. */
export const PlannedObject = z
  .object({
    bucket: z.string(),
    key: z.string(),
    at: z.string().describe('The time at which the object was written'),
    action: z.enum(PRUNE_ACTIONS),
    reason: z.string(),
  })
  .readonly()
export type PlannedObject = z.output<typeof PlannedObject>

/** The stores and settings that are needed to plan the deletion of objects. */
export interface PlanObjectsServices {
  readonly objects: ObjectStore
  readonly config: {
    readonly buckets: { readonly archives: string; readonly restores: string }
    readonly retention: RetentionDays
  }
  readonly clock: () => Date
}

/**
 * Returns the reason to keep an object although its retention time is over, or `undefined` if the object can be
 * deleted.
 */
type ReasonToKeep = (services: PlanObjectsServices, object: PinnedObject) => Promise<string | undefined>

/**
 * The rules for the objects of one group at its location. An object is in the group if `isPart` is true for its key.
 */
interface Rules {
  readonly isPart: (key: string) => boolean
  readonly reasonToKeep: ReasonToKeep
}

/**
 * The prefix of the reports of uploads with very long keys (`reportKey`). The name of such a report is a hash, from
 * which the key of the upload cannot be determined.
 */
const SHORT_REPORTS = '_reports/'
const ARCHIVE = '.acbak'
const REPORT = '.acbak.report.json'
/** The number of objects that are examined at the same time, each with at most two requests. */
const EXAMINED_AT_ONCE = 16
const always = (): boolean => true
const never: ReasonToKeep = () => Promise.resolve(undefined)

/**
 * An upload is kept until its final report exists, because its restore may still be running. A report is kept as long
 * as its upload exists, because without the report the local program would restore the upload again.
 */
const reasonToKeepUpload: ReasonToKeep = async (services, object) => {
  const { bucket, key } = object
  if (key.endsWith(ARCHIVE))
    return (await hasReport(services, object)) ? undefined : 'has no report, so its restore may not have ended'
  if (key.startsWith(SHORT_REPORTS))
    return 'is a report whose upload is unknown, because the name of the report is a hash'
  if (!key.endsWith(REPORT)) return 'is neither an upload nor a report'
  const upload = key.slice(0, -REPORT.length) + ARCHIVE
  return (await services.objects.head(bucket, upload)) === undefined ? undefined : 'its upload still exists'
}

const reasonToKeepLocked: ReasonToKeep = async ({ objects, clock }, object) => {
  const until = await lockedUntil(objects, object, clock())
  return until === undefined ? undefined : lockReason(until)
}

const RULES: Readonly<Record<RetentionGroup, Rules>> = {
  exports: { isPart: always, reasonToKeep: never },
  reports: { isPart: always, reasonToKeep: never },
  slots: { isPart: always, reasonToKeep: never },
  uploads: {
    isPart: (key) => !key.startsWith(RETENTION_LOCATIONS.slots.prefix),
    reasonToKeep: reasonToKeepUpload,
  },
}

/**
 * Yields the planned action for each object of a group, sorted by key. If `after` is given, begins after this key. If
 * the deployment sets no number of days for the group, yields nothing.
 */
export async function* planObjects(
  services: PlanObjectsServices,
  name: RetentionGroup,
  after?: string,
): AsyncGenerator<PlannedObject> {
  const { config } = services
  const days = config.retention[name]
  if (days === undefined) return
  const { bucket, prefix } = RETENTION_LOCATIONS[name]
  const { isPart } = RULES[name]
  const listed = services.objects.listDated(config.buckets[bucket], prefix, after)
  const plan = (object: DatedObject): Promise<PlannedObject | typeof pMapSkip> =>
    isPart(object.object.key) ? planObject(services, { name, days }, object) : Promise.resolve(pMapSkip)
  yield* pMapIterable(listed, plan, { concurrency: EXAMINED_AT_ONCE })
}

const planObject = async (
  services: PlanObjectsServices,
  { name, days }: { readonly name: RetentionGroup; readonly days: number },
  { object, modified }: DatedObject,
): Promise<PlannedObject> => {
  const until = modified.getTime() + days * DAY_MS
  const setting = `retention.${name}_days is ${days}`
  const reason =
    until >= services.clock().getTime()
      ? `is kept until ${new Date(until).toISOString()} (${setting})`
      : ((await RULES[name].reasonToKeep(services, object)) ?? (await reasonToKeepLocked(services, object)))
  return {
    bucket: object.bucket,
    key: object.key,
    at: modified.toISOString(),
    action: reason === undefined ? 'delete' : 'keep',
    reason: reason ?? `is older than ${days} days (${setting})`,
  }
}
