import type { SegmentSpan } from '../../archive/archive.ts'
import type { ArchivePayloads } from '../../archive/archive-payloads.ts'
import { archivedRecords, type LocatedFaultyRecord, type SoundRecord } from '../../archive/archived-records.ts'
import { type BucketDigest, BucketDigests } from '../../archive/digest.ts'
import type { BlobReferenceSet } from '../../blobs/blob-references.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { ResourceFilter } from '../../filters/filters.ts'
import type { FoundIdsCollector } from '../../jobs/found-ids.ts'
import { filterFor } from '../../jobs/job-filter.ts'
import type { Attempt } from '../../jobs/pass.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import { addReferences, archivedBlobFields, type BlobFields } from '../../resources/revision-references.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import { must } from '../../values/must.ts'
import { BucketBorders } from '../extents/bucket-borders.ts'
import type { Finding } from '../messages/finding.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { SegmentRange } from '../messages/inspect.ts'
import type { ChunkPosition, DryRunCounts } from '../messages/preflight.ts'
import type { OpenRestore } from '../open-restore.ts'
import type { DifferenceLists } from '../results/difference-lists.ts'
import { DryRunComparison } from '../target/dry-run-comparison.ts'
import { openOrphanLookup, type OrphanedRevisions, type OrphanLookup } from '../target/orphaned-revisions.ts'
import { openTargetLookup, type TargetCounts, type TargetLookup } from '../target/target-lookup.ts'
import { CheckedBorders } from './checked-borders.ts'
import { CountedResources } from './counted-resources.ts'
import { type ConversionFaults, type LeftOutOfRange, LeftOutResources } from './left-out-resources.ts'
import { ResourceCheck } from '../../archive/check/resource-check.ts'

export interface CheckRangeServices {
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
  readonly models: ModelRegistry
  readonly workFiles: WorkFiles
}

/** The references, ids and differences that one pass collects from all of its ranges. */
interface CollectedByPass {
  readonly references: BlobReferenceSet
  /** Undefined if the request has no ids. */
  readonly foundIds: FoundIdsCollector | undefined
  readonly differences: DifferenceLists
}

/** The result of one pass over a range. */
export interface CheckedRange {
  /** The position where the pass stopped. Absent if the pass reached the end of the range. */
  readonly stoppedAt?: ChunkPosition
  readonly counted: CountedResources
  /**
   * The digests of the digest buckets. They are computed from all resources, even from those that the filters do not
   * select.
   */
  readonly buckets: readonly BucketDigest[]
  readonly leftOut: LeftOutOfRange
  readonly dryRun?: DryRunCounts
  /** The number of resources that only the target has. Absent if they were not counted. */
  readonly targetOnly?: number
  /** The first differences that a dry run found. */
  readonly findings: readonly Finding[]
}

/** The resource that is being read. */
interface CurrentResource {
  readonly check: ResourceCheck
  /** True if the target has the metadata of the resource. */
  readonly hasMetadata: boolean
  /** The revisions of the resource, if the target has them without the metadata. */
  readonly orphans?: OrphanedRevisions | undefined
}

/**
 * Checks one range, beginning where the previous pass stopped. Collects the references to blobs and spilled payloads.
 */
export class RangePreflight {
  readonly #services: CheckRangeServices
  readonly #restore: OpenRestore
  readonly #range: SegmentRange
  readonly #borders: CheckedBorders
  readonly #foundIds: FoundIdsCollector | undefined
  readonly #differences: DifferenceLists
  readonly #archivedPayloads: ArchivePayloads
  readonly #accepts: ResourceFilter
  readonly #blobFields: BlobFields
  readonly #digests = new BucketDigests()
  readonly #counted = new CountedResources()
  readonly #leftOut: LeftOutResources
  /** See `openOrphanLookup`. */
  readonly #orphanLookup: OrphanLookup | undefined
  #current: CurrentResource | undefined

  constructor(
    services: CheckRangeServices,
    restore: OpenRestore,
    range: SegmentRange,
    { references, foundIds, differences }: CollectedByPass,
    { payloads, ...faults }: ConversionFaults & { readonly payloads: ArchivePayloads },
  ) {
    this.#services = services
    this.#restore = restore
    this.#range = range
    this.#borders = new CheckedBorders(references)
    this.#foundIds = foundIds
    this.#differences = differences
    this.#archivedPayloads = payloads
    this.#leftOut = new LeftOutResources(services, faults, range.model)
    const { dry_run, on_duplicate, filters } = restore.request
    this.#orphanLookup = openOrphanLookup(services, restore.plan, range, {
      replacesRevisions: on_duplicate === 'overwrite' && !dry_run,
      isById: filters.ids !== undefined,
    })
    this.#accepts = filterFor(restore.job, services.models, range.model)
    const { blob_paths } = must(restore.archive.manifest.models[range.model])
    this.#blobFields = archivedBlobFields(services.models.get(range.model), blob_paths)
  }

  /**
   * Checks the range, beginning at `from`. At each border between two digest buckets, calls `isFull` with the number of
   * resources that are left out and of references that are not in the set of the pass. Stops if `isFull` returns true.
   * If AWS throttles a call until the time of the pass is used up, stops before the first digest bucket that is not
   * checked.
   */
  async check(
    from: ChunkPosition | undefined,
    isFull: (kept: number) => boolean,
    { timeIsUp, mustHandOver }: Pick<Attempt, 'timeIsUp' | 'mustHandOver'>,
  ): Promise<CheckedRange> {
    const { job, request, plan } = this.#restore
    const { ids } = request.filters
    const [bucket, lists] = [from?.bucket, this.#differences]
    const comparison = request.dry_run
      ? new DryRunComparison(this.#services, job, this.#range, bucket, lists)
      : undefined
    const target =
      comparison ??
      openTargetLookup(this.#services, plan, this.#range, { bucket, ids, accepts: this.#accepts, lists, timeIsUp })
    try {
      return await this.#checkUntilFull(from, isFull, target, comparison)
    } catch (error) {
      const { checked } = this.#borders
      if (checked === undefined || !mustHandOver(error)) throw error
      checked.reset()
      return this.#result(checked.position, await target.end(checked.position.bucket))
    } finally {
      await target.close()
      await this.#orphanLookup?.close()
    }
  }

  async #checkUntilFull(
    from: ChunkPosition | undefined,
    isFull: (kept: number) => boolean,
    target: TargetLookup,
    comparison: DryRunComparison | undefined,
  ): Promise<CheckedRange> {
    const { segments } = this.#range
    const stoppedAt =
      segments === undefined ? undefined : await this.#readSegments(segments, from, isFull, target, comparison)
    await this.#endResource(target, comparison)
    const counts = await target.end(stoppedAt?.bucket)
    this.#borders.finish()
    return this.#result(stoppedAt, counts)
  }

  #result(stoppedAt: ChunkPosition | undefined, { dryRun, targetOnly, findings }: TargetCounts): CheckedRange {
    return {
      ...(stoppedAt === undefined ? {} : { stoppedAt }),
      counted: this.#counted,
      buckets: this.#digests.end(),
      leftOut: this.#leftOut,
      ...(dryRun === undefined ? {} : { dryRun }),
      ...(targetOnly === undefined ? {} : { targetOnly }),
      findings,
    }
  }

  /**
   * Reads the records of the segments. Returns the position where the pass stopped, or undefined if it reached the end.
   */
  async #readSegments(
    segments: SegmentSpan,
    from: ChunkPosition | undefined,
    isFull: (kept: number) => boolean,
    target: TargetLookup,
    comparison: DryRunComparison | undefined,
  ): Promise<ChunkPosition | undefined> {
    const { request, archive } = this.#restore
    const { ids } = request.filters
    const borders = new BucketBorders()
    // The tar headers and padding of a segment are verified only if one pass reads the whole segment.
    const options = { from, ids, readsThrough: ids === undefined }
    for await (const batch of archivedRecords(archive, segments, options)) {
      for (const record of batch) {
        if (record.fault !== undefined) {
          await this.#addFaulty(record, target, comparison)
          continue
        }
        if (record.kind === 'revision' && record.id === this.#current?.check.id) {
          await this.#current.check.addRevision(record, this.#archivedPayloads, this.#blobFields)
          await this.#current.orphans?.compare(record)
          continue
        }
        await this.#endResource(target, comparison)
        const bucket = record.h.slice(0, 4)
        if (borders.enter(bucket)) {
          const position = { segment: record.segment, entry: record.entry, bucket }
          if (isFull(this.#leftOut.resources.length + this.#borders.pending)) return position
          this.#reachBorder(position)
        }
        if (record.kind === 'metadata') await this.#beginResource(record, target)
        else await this.#beginWithRevision(record)
      }
    }
    return undefined
  }

  #reachBorder(position: ChunkPosition): void {
    const [resetCounted, resetLeftOut] = [this.#counted.mark(), this.#leftOut.mark()]
    const reset = (): void => {
      resetCounted()
      this.#digests.removeFrom(position.bucket)
      resetLeftOut()
    }
    this.#borders.reach({ position, reset })
  }

  async #beginResource(record: SoundRecord, target: TargetLookup): Promise<void> {
    const hasMetadata = await target.exists(record.id)
    this.#borders.use()
    const check = ResourceCheck.ofMetadata(record, this.#accepts(record.item))
    const isAbsent = check.isSelected && !hasMetadata
    const orphans = isAbsent ? await this.#orphanLookup?.find(record.id) : undefined
    this.#foundIds?.add(record.id, check.isSelected)
    this.#current = { check, hasMetadata, orphans }
  }

  /** Begins a resource whose metadata is not in the archive. */
  async #beginWithRevision(record: SoundRecord): Promise<void> {
    const check = ResourceCheck.ofRevision(record)
    this.#current = { check, hasMetadata: false }
    await check.addRevision(record, this.#archivedPayloads, this.#blobFields)
  }

  /**
   * Adds a faulty record. A faulty revision states the id of its resource in `resource_id` and in its key. If one of
   * the two is the id of the current resource, or is missing, the revision is added to the current resource.
   */
  async #addFaulty(
    record: LocatedFaultyRecord,
    target: TargetLookup,
    comparison: DryRunComparison | undefined,
  ): Promise<void> {
    const current = this.#current?.check
    this.#leftOut.inDigest = false
    if (
      record.kind === 'revision' &&
      current !== undefined &&
      ['', current.id].some((id) => id === record.id || id === record.idInKey)
    ) {
      current.addFaultyRevision(record)
      return
    }
    const faulty = ResourceCheck.ofFaulty(this.#range.model, record)
    if (record.kind === 'revision') {
      await this.#leaveOutIfFaulty(faulty, target)
      return
    }
    await this.#endResource(target, comparison)
    this.#current = { check: faulty, hasMetadata: false }
  }

  async #endResource(target: TargetLookup, comparison: DryRunComparison | undefined): Promise<void> {
    const current = this.#current
    this.#current = undefined
    if (current === undefined) return
    const { check, hasMetadata, orphans } = current
    const hasOrphans = orphans?.differ === true
    const exists = hasMetadata || hasOrphans
    const digest = check.digest()
    if (check.metadata !== undefined) this.#digests.add(check.metadata.h, digest)
    if (!check.isSelected) return
    if (check.metadataRecords > 0) this.#counted.existing.push(exists)
    if (await this.#leaveOutIfFaulty(check, target)) return
    this.#counted.resources += 1
    this.#counted.revisions += check.revisions
    if (exists) this.#counted.addDuplicate(check.id)
    const isSkipped = exists && this.#restore.request.on_duplicate === 'skip'
    for (const references of check.references)
      addReferences(
        this.#borders.newReferences,
        this.#range.model,
        references,
        !isSkipped,
        isSkipped ? undefined : check.id,
      )
    await comparison?.compare(check.id, digest, hasOrphans)
  }

  /** If a resource cannot be restored, adds it to the resources that are left out. Returns true if it was added. */
  async #leaveOutIfFaulty(check: ResourceCheck, target: TargetLookup): Promise<boolean> {
    const isLeftOut = await this.#leftOut.add(check)
    if (!isLeftOut) return false
    for (const id of check.statedIds) {
      this.#foundIds?.add(id, true)
      target.leaveOut(id)
    }
    return true
  }
}
