import type { Services } from '../runtime/services.ts'
import type { Schedule } from './schedule.ts'
import { firstGood, scheduledArchives } from './scheduled-archives.ts'

const DAY_MS = 24 * 3600_000

export interface Pruned {
  readonly schedule: string
  /** Keys of the archives that were deleted. */
  readonly deleted: readonly string[]
}

/** Deletes what each schedule keeps no longer. */
export const pruneSchedules = async (services: Services): Promise<Pruned[]> => {
  const pruned: Pruned[] = []
  for (const schedule of services.config.schedules)
    pruned.push({ schedule: schedule.name, deleted: await prune(services, schedule) })
  return pruned
}

/**
 * Deletes the archives of a schedule that are older than it keeps them, where a newer one stands that is complete: it is opened
 * and read, not believed. The last good archive so stays, however old it is.
 */
const prune = async (services: Services, schedule: Schedule): Promise<string[]> => {
  const keptFrom = services.clock().getTime() - schedule.keep_days * DAY_MS
  const archives = await scheduledArchives(services, schedule.name)
  const good = await firstGood(services, archives)
  if (good === undefined) return []
  const old = archives.filter(({ at }) => at.getTime() < keptFrom && at.getTime() < good.at.getTime())
  const keys = old.map(({ object }) => object.key)
  await services.objects.delete(services.config.buckets.archives, keys)
  return keys
}
