import { type BucketDigest, BucketDigests } from '../../archive/digest.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { Attempt } from '../../jobs/pass.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import type { ArchivedResource, ResourcesCheck } from '../checks/check.ts'
import { CHECKS } from '../checks/checks.ts'
import type { Findings } from '../checks/findings.ts'
import { BucketBorders } from '../extents/bucket-borders.ts'
import { extentEvents } from '../extents/extent-records.ts'
import type { ExtentCursor } from '../messages/apply.ts'
import type { Extent } from '../messages/preflight.ts'
import { type OpenRestore, openRestore, type OpenRestoreServices } from '../open-restore.ts'
import { idsSkippedAfterConflict } from '../results/conflicts.ts'
import type { DifferenceLists } from '../results/difference-lists.ts'
import { leftOutLookup } from '../results/left-out-lookup.ts'
import type { ReadResource } from '../target/read-stored-resource.ts'
import { ArchivedResourceBuilder } from './archived-resource.ts'
import { StoredResources } from './stored-resources.ts'

/**
 * The number of resources after which the pass completes its checks at the next border between two digest buckets. If
 * it is throttled later, it hands over there. The check of references looks up 100 references at the same time, so its
 * lookups would be slow if the checks were completed at every border.
 */
const COMPLETED_RESOURCES = 64

export interface VerifyExtentServices extends OpenRestoreServices {
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
  readonly models: ModelRegistry
  readonly clock: () => Date
}

/** Collects what a pass finds. */
interface Found {
  readonly findings: Findings
  readonly differences: DifferenceLists
}

interface VerifiedExtent {
  /** The position at which the next pass continues. Absent if the whole extent has been verified. */
  readonly cursor?: ExtentCursor
  /** The number of resources before the cursor, including those that were skipped and are not compared. */
  readonly resources: number
  /** The number of resources that another writer changed after the restore. */
  readonly changedSince: number
  /** The digests of the digest buckets, computed from the resources in the store. */
  readonly buckets: readonly BucketDigest[]
}

/**
 * Reads the resources of an extent from the archive and from the store, and runs all checks of resources on them. If
 * AWS throttles the pass until its time is used up, it stops at the last border at which it has completed all checks.
 */
export const verifyExtent = async (
  { job_id, n, timeIsUp, mustHandOver }: Attempt,
  services: VerifyExtentServices,
  extent: Extent,
  start: ExtentCursor | undefined,
  { findings, differences }: Found,
): Promise<VerifiedExtent> => {
  const restore = await openRestore(services, job_id)
  const skipped = await idsSkippedAfterConflict(services, job_id, n)
  const skipsDuplicates = restore.request.on_duplicate === 'skip'
  const stored = new StoredResources(services, restore.job, extent, start)
  const checks = startChecks(services, restore, extent, findings)
  const digests = new BucketDigests()
  const borders = new BucketBorders()
  let archived: ArchivedResourceBuilder | undefined
  let cursor: ExtentCursor | undefined
  let changedSince = 0
  let resources = 0
  /** The number of resources whose checks may be incomplete. */
  let begun = 0
  /** The last border at which all checks were complete. */
  let completed: { readonly cursor: ExtentCursor; readonly reset: () => void } | undefined

  const completeChecks = async (here: ExtentCursor): Promise<void> => {
    for (const check of checks) await check.end?.()
    const [changedBefore, resourcesBefore] = [changedSince, resources]
    const resetFindings = findings.mark()
    const resetDifferences = differences.mark()
    begun = 0
    completed = {
      cursor: here,
      reset: () => {
        changedSince = changedBefore
        resources = resourcesBefore
        digests.removeFrom(here.from.bucket)
        resetFindings()
        resetDifferences()
      },
    }
  }

  const compare = async (resource: ArchivedResourceBuilder): Promise<void> => {
    const compared = await stored.compare(resource.build())
    const { state } = compared.stored
    if (state === 'read') digests.add(resource.h, compared.stored.digest)
    if (state === 'changed-since') {
      changedSince += 1
      // A change by another writer is not a fault of the restore, so it must not change the digest of the model. The
      // digest of the archived resource is added instead.
      digests.add(resource.h, compared.archived.digest)
    }
    const { id } = compared.archived
    if (state === 'missing' || state === 'torn') await differences.add('missing', extent.model, id)
    if (state === 'read' && isDifferent(compared.stored, compared.archived))
      await differences.add('changed', extent.model, id)
    for (const check of checks) await check.check(compared)
  }

  try {
    reading: for await (const events of extentEvents(services, restore, extent, start)) {
      for (const event of events) {
        if (event.kind === 'revision') archived?.addRevision(event.record)
        else if (event.kind === 'end') {
          if (archived !== undefined) await compare(archived)
          archived = undefined
        } else {
          const { metadata, existed, cursor: here } = event.resource
          if (borders.enter(here.from.bucket)) {
            if (timeIsUp()) {
              cursor = here
              break reading
            }
            if (begun >= COMPLETED_RESOURCES) await completeChecks(here)
          }
          begun += 1
          resources += 1
          const isSkipped = (existed && skipsDuplicates) || skipped.has(metadata.id)
          archived = isSkipped ? undefined : new ArchivedResourceBuilder(metadata)
        }
      }
    }
    for (const check of checks) await check.end?.()
  } catch (error) {
    if (completed === undefined || !mustHandOver(error)) throw error
    completed.reset()
    ;({ cursor } = completed)
  } finally {
    await stored.close()
  }
  return { ...(cursor === undefined ? {} : { cursor }), resources, changedSince, buckets: digests.end() }
}

const isDifferent = ({ digest, damagedPayloads }: ReadResource, archived: ArchivedResource): boolean =>
  !digest.equals(archived.digest) || damagedPayloads.length > 0

const startChecks = (
  services: VerifyExtentServices,
  restore: OpenRestore,
  extent: Extent,
  findings: Findings,
): readonly ResourcesCheck[] => {
  const { models, resources, clock } = services
  const { plan, archive } = restore
  const isLeftOut = leftOutLookup(services, restore)
  const context = { model: models.get(extent.model), plan, archive, resources, isLeftOut, now: clock() }
  return CHECKS.flatMap(({ name, checkResources }) => checkResources?.(context, findings.of(name)) ?? [])
}
