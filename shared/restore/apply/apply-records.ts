import type { PayloadStore } from '../../blobs/payload-store.ts'
import { continueAt, readCursor } from '../../jobs/cursor.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import type { Attempt } from '../../jobs/pass.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import { whileStoring } from '../../throttling/call-context.ts'
import { extentEvents, positionOf } from '../extents/extent-records.ts'
import { APPLY_RECORDS, type ApplyRecordsResult, ExtentCursor, SKIPPED_AFTER_CONFLICT } from '../messages/apply.ts'
import type { Extent } from '../messages/preflight.ts'
import { type OpenRestore, openRestore, type OpenRestoreServices } from '../open-restore.ts'
import { type LeasedPassServices, runLeasedPass } from '../run-leased-pass.ts'
import { ConditionalApplier } from './conditional-applier.ts'
import { EndingResources } from './ending-resources.ts'
import { OverwritingApplier } from './overwriting-applier.ts'
import { plannedExtent } from './planned-extent.ts'
import type { AppliedResource, ApplierServices, ResourceApplier } from './resource-applier.ts'

interface ApplyRecordsServices extends OpenRestoreServices, LeasedPassServices {
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
  readonly models: ModelRegistry
}

/**
 * The largest number of resources in a group. A pass can stop before the first resource of a group. A group is a digest
 * bucket or a part of it. Groups are small, so that even a pass that AWS throttles nearly all the time finishes some,
 * but not so small that their cursors need much memory.
 */
const GROUP = 32

/**
 * Runs one pass over an extent. The pass writes the resources of the extent that the filters select, in groups. If AWS
 * throttles a pass until its time is used up, the pass hands over the groups that it has finished. The next pass writes
 * the resources of the unfinished groups again.
 */
export const applyRecords = (input: PassInput, services: ApplyRecordsServices): Promise<PassOutput> =>
  runLeasedPass(APPLY_RECORDS, input, services, (attempt) => applyRecordsPass(attempt, services))

const applyRecordsPass = async (attempt: Attempt, services: ApplyRecordsServices): Promise<ApplyRecordsResult> => {
  const { job_id, n } = attempt
  const { workFiles, leases, resources } = services
  const restore = await openRestore(services, job_id)
  const extent = await plannedExtent(services, job_id, n)
  const start = readCursor(ExtentCursor, attempt)
  const lease = leases.held([extent.model], job_id)
  const writer = resources.writer({ guard: () => lease.check() })
  const ending = new EndingResources()
  const isSkip = restore.request.on_duplicate === 'skip'
  const applier = openApplier({ ...services, writer }, restore, extent, start)
  /** The positions of the groups of this pass, except the first one. */
  const cursors: ExtentCursor[] = []
  /** Undefined before the first resource of the pass. */
  let group: { readonly bucket: string; resources: number } | undefined
  let current: AppliedResource | undefined
  let cursor: ExtentCursor | undefined
  try {
    applying: for await (const events of extentEvents(services, restore, extent, start)) {
      for (const event of events) {
        if (ending.hasFailed) break applying
        if (event.kind === 'revision') await current?.addRevision(event.record)
        else if (event.kind === 'end') {
          if (current !== undefined) await ending.add(current, cursors.length)
          current = undefined
        } else {
          const { resource } = event
          const { bucket } = resource.cursor.from
          if (group?.bucket !== bucket || group.resources === GROUP) {
            if (group !== undefined && attempt.timeIsUp()) {
              cursor = positionOf(resource)
              break applying
            }
            if (group !== undefined) cursors.push(positionOf(resource))
            group = { bucket, resources: 0 }
          }
          group.resources += 1
          if (resource.existed && isSkip) ending.addExisting(cursors.length)
          else current = await applier.begin(resource)
        }
      }
    }
  } catch (error) {
    ending.addFailure(error, cursors.length)
  } finally {
    await ending.settle()
    await applier.close()
    await writer.drain()
  }
  const { failure } = ending
  if (failure !== undefined) {
    cursor = cursors[failure.group - 1]
    if (cursor === undefined || !attempt.mustHandOver(failure.error)) throw failure.error
  }
  const { loaded, existing, skippedIds } = ending.outcome(failure?.group)
  return whileStoring(async () => ({
    ...continueAt(cursor),
    model: extent.model,
    loaded,
    skipped: existing + skippedIds.length,
    ...(skippedIds.length === 0
      ? {}
      : {
          skipped_after_conflict: await workFiles.write(SKIPPED_AFTER_CONFLICT, skippedIds, job_id, n, attempt.attempt),
        }),
  }))
}

const openApplier = (
  services: ApplierServices & { readonly models: ModelRegistry },
  { job, request }: OpenRestore,
  extent: Extent,
  start: ExtentCursor | undefined,
): ResourceApplier => {
  const target = { jobId: job.job_id, model: services.models.get(extent.model) }
  return request.on_duplicate === 'overwrite'
    ? new OverwritingApplier(services, target, {
        after: start?.from.bucket ?? extent.after,
        upTo: extent.up_to,
        ids: request.filters.ids,
      })
    : new ConditionalApplier(services, target, request.on_duplicate)
}
