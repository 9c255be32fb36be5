import type { ArchiveCatalogue } from '../catalogue/aws/archive-catalogue.ts'
import { attemptAll, type Attempts } from './attempt-all.ts'
import { planObjects, type PlanObjectsServices } from './plan-objects.ts'
import { RETENTION_GROUPS, type RetentionGroup } from './retention.ts'

/** The largest number of keys that S3 accepts in one `DeleteObjects` request. */
const BATCH = 1000

/** The stores and settings that are needed to delete objects. */
interface PruneObjectsServices extends PlanObjectsServices {
  readonly catalogue: Pick<ArchiveCatalogue, 'removeKeys'>
}

interface PrunedGroup {
  readonly retention: RetentionGroup
  /** The number of deleted objects. */
  readonly deleted: number
}

/**
 * Deletes the objects for which `planObjects` plans `delete`, and removes archives from the catalogue. Returns the
 * number of deleted objects for each group for which the deployment sets a number of days. If pruning of one group
 * fails, continues with the next group.
 */
export const pruneObjects = (services: PruneObjectsServices): Promise<Attempts<PrunedGroup>> =>
  attemptAll(
    RETENTION_GROUPS.filter((group) => services.config.retention[group] !== undefined),
    (group) => `retention of ${group}`,
    async (retention) => ({ retention, deleted: await pruneGroup(services, retention) }),
  )

const pruneGroup = async (services: PruneObjectsServices, group: RetentionGroup): Promise<number> => {
  let deleted = 0
  let batch: string[] = []
  let bucket = ''
  const flush = async (): Promise<void> => {
    await services.objects.delete(bucket, batch)
    if (group === 'exports') await services.catalogue.removeKeys(batch)
    deleted += batch.length
    batch = []
  }
  for await (const { action, bucket: own, key } of planObjects(services, group)) {
    if (action === 'keep') continue
    bucket = own
    batch.push(key)
    if (batch.length === BATCH) await flush()
  }
  await flush()
  return deleted
}
