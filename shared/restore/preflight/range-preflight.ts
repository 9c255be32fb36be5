import type { ArchivePayloads } from '../../archive/archive-payloads.ts'
import { type ArchivedRecord, archivedRecords } from '../../archive/archived-records.ts'
import { RecordInvalidError } from '../../archive/errors.ts'
import { checkRevision, metadataFault } from '../../archive/record-faults.ts'
import { type BucketDigest, BucketDigests, ResourceLeaf } from '../../archive/digest.ts'
import type { BlobReferenceSet } from '../../blobs/blob-references.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { ResourceFilter } from '../../filters/filters.ts'
import { filterFor } from '../../jobs/job-filter.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import { addReferences } from '../../resources/revision-references.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import { payloadOf, RevisionView } from '../../resources/views.ts'
import { MAX_LISTED, quote } from '../../values/message-text.ts'
import { BitList } from '../extents/bit-list.ts'
import { BucketBorders } from '../extents/bucket-borders.ts'
import type { Finding } from '../messages/finding.ts'
import type { SegmentRange } from '../messages/inspect.ts'
import type { ChunkPosition, DryRunCounts } from '../messages/preflight.ts'
import type { OpenRestore } from '../open-restore.ts'
import { DryRunComparison } from '../target/dry-run-comparison.ts'
import { openTargetLookup, type TargetLookup } from '../target/target-lookup.ts'
import { readThrough } from './read-through.ts'

export interface CheckRangeStores {
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
  readonly models: ModelRegistry
}

/** The result of one pass over a range. It counts only resources that the filters accept. */
export interface CheckedRange {
  /** The position where the pass stopped. Absent at the end of the range. */
  readonly stoppedAt?: ChunkPosition
  readonly resources: number
  readonly revisions: number
  readonly duplicates: number
  /** The first 100 duplicates. */
  readonly duplicateIds: readonly string[]
  /** One bit for each resource: 1 if the target has it. */
  readonly existing: BitList
  /** The digests of the digest buckets, of all resources. */
  readonly buckets: readonly BucketDigest[]
  readonly dryRun?: DryRunCounts
  /** The first differences that a dry run found. */
  readonly findings: readonly Finding[]
}

interface CurrentResource {
  readonly record: ArchivedRecord
  readonly leaf: ResourceLeaf
  /** True if the filters accept the resource. */
  readonly isSelected: boolean
  /** True if the restore will write the resource. */
  readonly isWritten: boolean
}

/** Checks one range, or its rest after earlier passes. Collects the blobs to which its resources refer. */
export class RangePreflight {
  readonly #stores: CheckRangeStores
  readonly #restore: OpenRestore
  readonly #range: SegmentRange
  readonly #references: BlobReferenceSet
  readonly #archivedPayloads: ArchivePayloads
  readonly #accepts: ResourceFilter
  readonly #digests = new BucketDigests()
  readonly #existing = BitList.empty()
  readonly #duplicateIds: string[] = []
  #duplicates = 0
  #resources = 0
  #revisions = 0
  #current: CurrentResource | undefined

  constructor(
    stores: CheckRangeStores,
    restore: OpenRestore,
    range: SegmentRange,
    references: BlobReferenceSet,
    archivedPayloads: ArchivePayloads,
  ) {
    this.#stores = stores
    this.#restore = restore
    this.#range = range
    this.#references = references
    this.#archivedPayloads = archivedPayloads
    this.#accepts = filterFor(restore.job, stores.models, range.model)
  }

  /** Checks from `from` on. Stops before the first digest bucket that begins when `isFull`. */
  async check(from: ChunkPosition | undefined, isFull: () => boolean): Promise<CheckedRange> {
    const { job, plan, archive } = this.#restore
    const { segment } = this.#range
    const { ids } = job.request.filters
    const comparison = job.request.dry_run
      ? new DryRunComparison(this.#stores, job, this.#range, from?.bucket)
      : undefined
    const target = comparison ?? openTargetLookup(this.#stores, plan, this.#range, { bucket: from?.bucket, ids })
    try {
      const stoppedAt =
        segment === undefined ? undefined : await this.#readSegment(segment, from, isFull, target, comparison)
      await this.#endResource(comparison)
      // The frames of a segment are checked only if it is read from start to end.
      const isPartOfSegment = from !== undefined && stoppedAt === undefined
      if (segment !== undefined && isPartOfSegment && ids === undefined) await readThrough(archive, segment)
      const compared = await comparison?.end(stoppedAt?.bucket)
      return {
        ...(stoppedAt === undefined ? {} : { stoppedAt }),
        resources: this.#resources,
        revisions: this.#revisions,
        duplicates: this.#duplicates,
        duplicateIds: this.#duplicateIds,
        existing: this.#existing,
        buckets: this.#digests.end(),
        ...(compared === undefined ? {} : { dryRun: compared.counts }),
        findings: compared?.findings ?? [],
      }
    } finally {
      await target.close()
    }
  }

  /** Reads the segment's records, up to its end or to the position that it returns. */
  async #readSegment(
    segment: number,
    from: ChunkPosition | undefined,
    isFull: () => boolean,
    target: TargetLookup,
    comparison: DryRunComparison | undefined,
  ): Promise<ChunkPosition | undefined> {
    const { job, archive } = this.#restore
    const borders = new BucketBorders()
    for await (const batch of archivedRecords(archive, segment, { from, ids: job.request.filters.ids })) {
      for (const record of batch) {
        if (record.kind === 'revision') {
          await this.#addRevision(record)
          continue
        }
        const bucket = record.h.slice(0, 4)
        if (borders.isBorder(bucket) && isFull()) return { entry: record.entry, bucket }
        await this.#endResource(comparison)
        await this.#beginResource(record, target)
      }
    }
    return undefined
  }

  async #beginResource(record: ArchivedRecord, target: TargetLookup): Promise<void> {
    const isSelected = this.#accepts(record.item)
    const fault = isSelected ? metadataFault(record.item, 'archive') : undefined
    if (fault !== undefined) throw recordFault(record, fault)
    const exists = await target.exists(record.id)
    const leaf = new ResourceLeaf()
    leaf.add(record.item)
    if (isSelected) {
      this.#existing.push(exists)
      this.#resources += 1
      if (exists) this.#addDuplicate(record.id)
    }
    const isSkipped = exists && this.#restore.job.request.on_duplicate === 'skip'
    this.#current = { record, leaf, isSelected, isWritten: isSelected && !isSkipped }
  }

  #addDuplicate(id: string): void {
    this.#duplicates += 1
    if (this.#duplicateIds.length < MAX_LISTED) this.#duplicateIds.push(id)
  }

  async #addRevision(record: ArchivedRecord): Promise<void> {
    const { item } = record
    const current = this.#current
    if (current === undefined)
      throw new Error('the segment begins with a revision; metadata of its resource must precede it')
    current.leaf.add(item)
    if (!current.isSelected) return
    this.#revisions += 1
    const payload = await payloadOf(new RevisionView(item), (sha256) => this.#archivedPayloads.get(sha256))
    const checked = checkRevision(item, payload, 'archive')
    if (checked.fault !== undefined) throw recordFault(record, checked.fault)
    addReferences(this.#references, this.#range.model, checked.references, current.isWritten)
  }

  async #endResource(comparison: DryRunComparison | undefined): Promise<void> {
    const current = this.#current
    this.#current = undefined
    if (current === undefined) return
    const digest = current.leaf.digest()
    this.#digests.add(current.record.h, digest)
    if (current.isSelected) await comparison?.compare(current.record.id, digest)
  }
}

/** The error of a record that cannot be restored. It names the model and the resource besides the record. */
const recordFault = ({ model, id, sk }: ArchivedRecord, reason: string): RecordInvalidError =>
  new RecordInvalidError(`resource ${quote(id)} of model ${model}, record ${quote(sk)}: ${reason}`)
