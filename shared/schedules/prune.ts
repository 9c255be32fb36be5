import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { Schedule } from './schedule.ts'
import { firstComplete, type ScheduledArchives, scheduledArchives } from './scheduled-archives.ts'

const DAY_MS = 24 * 3600_000

/** What pruning uses. */
export interface Pruning extends ScheduledArchives {
  readonly objects: ScheduledArchives['objects'] & Pick<ObjectStore, 'delete'>
  readonly config: ScheduledArchives['config'] & { readonly schedules: readonly Schedule[] }
  readonly clock: () => Date
}

export interface PrunedSchedule {
  readonly schedule: string
  /** Keys of the deleted archives. */
  readonly deleted: readonly string[]
}

/** Deletes the archives of all schedules that are older than `keep_days`. */
export const pruneSchedules = async (context: Pruning): Promise<PrunedSchedule[]> => {
  const pruned: PrunedSchedule[] = []
  for (const schedule of context.config.schedules)
    pruned.push({ schedule: schedule.name, deleted: await prune(context, schedule) })
  return pruned
}

/**
 * Deletes an old archive only if a newer one is complete, which is checked by opening it. Therefore the last complete
 * archive is never deleted.
 */
const prune = async (context: Pruning, { name, keep_days }: Schedule): Promise<string[]> => {
  const { objects, config, clock } = context
  const keepFrom = clock().getTime() - keep_days * DAY_MS
  const archives = await scheduledArchives(context, name)
  const newest = await firstComplete(context, archives)
  if (newest === undefined) return []
  const old = archives.filter(({ at }) => at.getTime() < keepFrom && at.getTime() < newest.at.getTime())
  const keys = old.map(({ object }) => object.key)
  await objects.delete(config.buckets.archives, keys)
  return keys
}
