import { checkRevision, metadataFault } from '../archive/record-faults.ts'
import { BlobReferenceSet } from '../blobs/blob-references.ts'
import type { PayloadStore } from '../blobs/payload-store.ts'
import { invalidReason, type RecordsTarget, type WrittenRecords } from '../compose/segment-records.ts'
import type { ExportJob } from '../jobs/job.ts'
import type { Limits } from '../jobs/limits.ts'
import type { Attempt } from '../jobs/pass.ts'
import { storeFinished } from '../jobs/store-finished.ts'
import { abandon } from '../objects/abandon.ts'
import type { ResourceStore } from '../resources/aws/resource-store.ts'
import { TornResourcesError } from '../resources/errors.ts'
import { metadataKey } from '../resources/keys.ts'
import type { ModelRegistry } from '../resources/models.ts'
import { addReferences, blobFieldsOf, type PayloadReferences } from '../resources/revision-references.ts'
import type { ReadOptions, StoredResource } from '../resources/stored-resource.ts'
import { type Item, type Key, keyOf } from '../tables/item.ts'
import type { CollectedLists } from './collected-lists.ts'
import type { ExportPlan, ModelRange } from './messages.ts'
import { readPayload, UnreadablePayload } from './read-payload.ts'
import { selectedResources } from './selected-resources.ts'
import { isRevisionKey, metadataKeyOf } from './unclaimed-revisions.ts'

interface RangeWriterServices {
  readonly limits: Limits
  readonly models: ModelRegistry
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
}

/** What the ranges of a pass have in common. */
interface PassOfRanges {
  readonly attempt: Attempt
  readonly job: ExportJob
  readonly plan: ExportPlan
  readonly collected: CollectedLists
}

export interface ExportedRange {
  readonly records?: WrittenRecords
  /** The digest bucket with which the next pass begins. */
  readonly stoppedAt?: string
}

/** Writes the resources of one range to one target, until its end or until the pass must stop. */
export class RangeWriter {
  readonly #services: RangeWriterServices
  readonly #pass: PassOfRanges
  readonly #range: ModelRange
  readonly #target: RecordsTarget
  /** The references of the finished digest buckets. They are dropped if the pass writes the range again. */
  readonly #references = new BlobReferenceSet()
  /** The references of the digest bucket that is being written. They are dropped if the next pass writes the bucket. */
  #bucketReferences = new BlobReferenceSet()
  readonly #torn: string[] = []
  /** The first digest bucket that was read. */
  #first: string | undefined
  /** The digest bucket of the last resource that was written. */
  #bucket: string | undefined
  #hasRecords = false
  /** The digest bucket before which the pass stops. */
  #stopAt: string | undefined
  /** All digest buckets before `at` are finished. */
  #finished: { readonly at: string; readonly hasRecords: boolean } | undefined

  constructor(services: RangeWriterServices, pass: PassOfRanges, range: ModelRange, target: RecordsTarget) {
    this.#services = services
    this.#pass = pass
    this.#range = range
    this.#target = target
  }

  /**
   * Writes the range until its end, or until the digest bucket before which the pass must stop. If AWS throttles the
   * pass after the first digest bucket, it stops before the first digest bucket that is not finished.
   *
   * Returns `again` if a resource has a fault, but a part of the resource has already been written. The resource is
   * then in the list of left-out resources, and the caller must write the range again from its start. In an archive,
   * this happens only for resources of more than 16 MiB. In a stream, it can happen for any resource, because records
   * are written in pieces of 1 MiB.
   */
  async write(): Promise<ExportedRange | 'again'> {
    try {
      if ((await this.#writeResources()) === 'complete') return await this.#finish()
      await abandon(this.#target)
      return 'again'
    } catch (error) {
      await abandon(this.#target)
      throw error
    }
  }

  async #writeResources(): Promise<'complete' | 'again'> {
    const { attempt } = this.#pass
    try {
      for await (const resource of this.#read()) {
        const next = resource.h.slice(0, 4)
        // The reader returns the resources that it has read before it stopped. The next pass reads this bucket again.
        if (this.#stopAt !== undefined && next >= this.#stopAt) break
        if (this.#bucket !== undefined && next !== this.#bucket) {
          if (this.#mustStop()) {
            this.#stopAt = next
            break
          }
          this.#finishBuckets(next)
        }
        this.#bucket = next
        const outcome = await this.#writeResource(resource)
        if (outcome === 'again') return outcome
        this.#hasRecords ||= outcome === 'written'
      }
      this.#references.addAll(this.#bucketReferences)
    } catch (error) {
      if (this.#finished === undefined || !attempt.mustHandOver(error)) throw error
      const { at, hasRecords } = this.#finished
      this.#stopAt = at
      this.#hasRecords = hasRecords
      await this.#target.reset(at)
    }
    return 'complete'
  }

  /** Finishes the target and the lists of the range. */
  async #finish(): Promise<ExportedRange> {
    const { attempt, job, collected } = this.#pass
    const { model } = this.#range
    if (this.#torn.length > 0 && job.request.strict) throw new TornResourcesError(this.#torn)
    for (const id of this.#torn)
      collected.leftOut.addTorn(model, id, metadataKey(model, id, this.#services.models.get(model).shards))
    if (this.#stopAt !== undefined) await collected.removeFrom(model, this.#stopAt)
    if (!this.#hasRecords) await abandon(this.#target)
    const records = this.#hasRecords ? await storeFinished(attempt, () => this.#target.finish()) : undefined
    collected.references.addAll(this.#references)
    return {
      ...(records === undefined ? {} : { records }),
      ...(this.#stopAt === undefined ? {} : { stoppedAt: this.#stopAt }),
    }
  }

  #finishBuckets(at: string): void {
    this.#references.addAll(this.#bucketReferences)
    this.#bucketReferences = new BlobReferenceSet()
    this.#target.mark()
    this.#finished = { at, hasRecords: this.#hasRecords }
  }

  #read(): AsyncGenerator<StoredResource> {
    const { job, plan, collected } = this.#pass
    const options: ReadOptions = {
      onTorn: (id) => void this.#torn.push(id),
      until: (h) => this.#until(h),
      onRead: (h) => {
        const next = h.slice(0, 4)
        if (isBucket(next) && next > (this.#bucket ?? this.#range.from)) this.#finishBuckets(next)
      },
      acceptMetadata: (metadata) => this.#acceptMetadata(metadata),
      ...(plan.accounts_for_items === true
        ? { onUnclaimed: (revisions: readonly Item[]) => this.#addUnclaimed(revisions) }
        : {}),
    }
    return selectedResources(this.#services, job, this.#range, collected.foundIds, options)
  }

  /**
   * Returns true if the pass must stop before the resource with this id hash. `#writeResources` checks the time only
   * for selected resources. The reader calls this method also for other resources and for revisions without metadata,
   * so that the pass also stops in time if no resource is selected. A pass ends between digest buckets: it does not
   * stop in the bucket that it began with or that it has written last.
   */
  #until(h: string): boolean {
    const next = h.slice(0, 4)
    if (!isBucket(next)) return false
    this.#first ??= next
    if (next === this.#first || next === this.#bucket || !this.#pass.attempt.timeIsUp()) return false
    this.#stopAt = next
    return true
  }

  /**
   * Checks the metadata of a resource. Returns true if the metadata can be restored. Otherwise, adds the resource to
   * the left-out resources and returns false.
   */
  #acceptMetadata(metadata: Item): boolean {
    const { model } = this.#range
    const { leftOut } = this.#pass.collected
    if (leftOut.has(model, metadata)) return false
    const fault = metadataFault(metadata)
    if (fault !== undefined) leftOut.add(model, metadata, metadata, fault)
    return fault === undefined
  }

  /** Adds revisions without metadata. Ignores those whose metadata exists, but was left out. */
  async #addUnclaimed(revisions: readonly Item[]): Promise<void> {
    const { leftOut, unclaimed } = this.#pass.collected
    const isLeftOut = (key: Key): boolean =>
      isRevisionKey(key) && leftOut.hasKey(this.#range.model, metadataKeyOf(key).sk)
    await unclaimed.add(revisions.map(keyOf).filter((key) => !isLeftOut(key)))
  }

  async #writeResource({ h, id, metadata, revisions }: StoredResource): Promise<'written' | 'left out' | 'again'> {
    const { job, plan, collected } = this.#pass
    const { model } = this.#range
    const references: PayloadReferences[] = []
    // All passes use the paths in the plan, even if the registry changes during the export.
    const blobs = Object.hasOwn(plan.blob_paths, model) ? plan.blob_paths[model] : undefined
    const blobFields = blobFieldsOf({ blobs })
    const leaveOut = (item: Item, reason: string): 'left out' | 'again' => {
      collected.leftOut.add(model, metadata, item, reason)
      return this.#target.discard() ? 'left out' : 'again'
    }
    const tooLong = await invalidReason(() => this.#target.begin(metadata, h))
    if (tooLong !== undefined) return leaveOut(metadata, tooLong)
    for await (const revision of revisions) {
      const payload = await readPayload(this.#services.payloads, revision, job.request.strict)
      const checked =
        payload instanceof UnreadablePayload
          ? { fault: payload.reason }
          : checkRevision(revision, payload, 'store', blobFields)
      const reason = checked.fault ?? (await invalidReason(() => this.#target.revision(revision)))
      if (reason !== undefined) return leaveOut(revision, reason)
      if (checked.fault === undefined) references.push(checked.references)
    }
    await this.#target.end()
    for (const each of references) addReferences(this.#bucketReferences, model, each, true, id)
    return 'written'
  }

  #mustStop(): boolean {
    const { segmentBytes, seenBlobs } = this.#services.limits
    const { attempt, collected } = this.#pass
    const references = collected.references.size + this.#references.size + this.#bucketReferences.size
    const kept = references + collected.leftOut.size
    return attempt.timeIsUp() || this.#target.bytesSoFar >= segmentBytes || kept >= seenBlobs
  }
}

/** Returns true for a digest bucket. The sort key of a damaged item may begin with other characters. */
const isBucket = (text: string): boolean => /^[0-9a-f]{4}$/.test(text)
