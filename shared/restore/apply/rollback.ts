import { continueAt, readCursor } from '../../jobs/cursor.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import { workOnAll } from '../../jobs/work-until.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import { metadataKey } from '../../resources/keys.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import { keyOf } from '../../tables/item.ts'
import { extentEvents, positionOf } from '../extents/extent-records.ts'
import { ExtentCursor, ROLLBACK } from '../messages/apply.ts'
import { openRestore, type OpenRestoreServices } from '../open-restore.ts'
import { type LeasedPassServices, runLeasedPass } from '../run-leased-pass.ts'
import { plannedExtent } from './planned-extent.ts'

/**
 * The number of revisions of a resource that are deleted at the same time. If a deletion fails, no more begin, and the
 * pass waits for the others, so that none of them is still running when the next pass begins.
 */
const PARALLEL_DELETIONS = 48

interface RollbackServices extends OpenRestoreServices, LeasedPassServices {
  readonly resources: ResourceStore
  readonly models: ModelRegistry
}

/**
 * Runs one pass of the rollback of a restore under `raise_error`. For each resource of an extent, removes the items
 * that this restore wrote. Items that another writer has replaced since are kept. The metadata is removed before the
 * revisions, so that no reader finds metadata without the current revision.
 *
 * If AWS throttles a pass until its time is used up, the pass hands over at the last resource that it has begun.
 */
export const rollback = (input: PassInput, services: RollbackServices): Promise<PassOutput> =>
  runLeasedPass(ROLLBACK, input, services, async (attempt) => {
    const { job_id, n } = attempt
    const { leases, resources, models } = services
    const restore = await openRestore(services, job_id)
    const extent = await plannedExtent(services, job_id, n)
    const { name, shards } = models.get(extent.model)
    const lease = leases.held([name], job_id)
    const writer = resources.writer({ guard: () => lease.check() })
    const start = readCursor(ExtentCursor, attempt)
    let current: ExtentCursor | undefined
    let finished = 0
    try {
      for await (const events of extentEvents(services, restore, extent, start)) {
        for (const event of events) {
          if (event.kind !== 'begin') continue
          const { metadata } = event.resource
          current = positionOf(event.resource)
          if (finished > 0 && attempt.timeIsUp()) return continueAt(current)
          await writer.removeIfAppliedBy(metadataKey(name, metadata.id, shards), job_id)
          const revisions = await resources.getRevisions(name, metadata.id)
          await workOnAll(revisions, PARALLEL_DELETIONS, async (item) => {
            await writer.removeIfAppliedBy(keyOf(item), job_id)
          })
          finished += 1
        }
      }
      return continueAt(undefined)
    } catch (error) {
      if (finished === 0 || !attempt.mustHandOver(error)) throw error
      return continueAt(current)
    }
  })
