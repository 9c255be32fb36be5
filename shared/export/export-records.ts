import { checkRevision, metadataFault } from '../archive/record-faults.ts'
import { BlobReferenceSet } from '../blobs/blob-references.ts'
import type { PayloadStore } from '../blobs/payload-store.ts'
import { invalidReason, type RecordsTarget, SegmentRecords, type WrittenRecords } from '../compose/segment-records.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { FoundIdsCollector } from '../jobs/found-ids.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { ExportJob } from '../jobs/job.ts'
import { filterFor } from '../jobs/job-filter.ts'
import type { Limits } from '../jobs/limits.ts'
import type { PassInput, PassOutput } from '../jobs/messages.ts'
import { type Attempt, runPass } from '../jobs/pass.ts'
import { storeFinished } from '../jobs/store-finished.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import { abandon } from '../objects/abandon.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { Composer } from '../objects/composer.ts'
import type { ResourceStore } from '../resources/aws/resource-store.ts'
import { TornResourcesError } from '../resources/errors.ts'
import { hashKeyOf, metadataKey, statedIdIn } from '../resources/keys.ts'
import type { ModelRegistry } from '../resources/models.ts'
import { addReferences, blobFieldsOf, type PayloadReferences } from '../resources/revision-references.ts'
import type { ReadOptions, StoredResource } from '../resources/stored-resource.ts'
import { type Item, type Key, keyOf, sortKeyOf } from '../tables/item.ts'
import { whileStoring } from '../throttling/call-context.ts'
import { LeftOutOfPass } from './left-out.ts'
import { allOmitted } from './omitted-data.ts'
import {
  EXPORTED_IDS,
  EXPORT_PLAN,
  EXPORT_RECORDS,
  type ExportPlan,
  type ModelRange,
  type RecordsResult,
  workName,
} from './messages.ts'
import { isRevisionKey, metadataKeyOf, UnclaimedRevisions } from './unclaimed-revisions.ts'
import { readPayload, UnreadablePayload } from './read-payload.ts'
import { StreamRecords } from './stream-records.ts'

interface ExportRecordsServices {
  readonly jobs: JobStore
  readonly limits: Limits
  readonly models: ModelRegistry
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly clock: () => Date
}

/**
 * Runs one pass over the ranges of a map item. The pass writes every resource that the filters select. It creates one
 * segment per range, or one piece if the export is a stream of SpecStar.
 *
 * If AWS throttles a pass until its time is used up, the pass hands over the digest buckets that it has finished. Without
 * a finished digest bucket, it fails, and the workflow repeats it.
 */
export const exportRecords = (input: PassInput, stores: ExportRecordsServices): Promise<PassOutput> =>
  runPass(EXPORT_RECORDS, input, stores, async (attempt) => {
    const job = await exportJob(stores, input.job_id)
    return new RecordsPass(attempt, job, stores).run()
  })

/**
 * Parses the position where a pass continues: `{index of the range}/{digest bucket}`. Without a digest bucket, the pass
 * begins with the first digest bucket of the range.
 */
const parseCursor = (cursor = '0/'): { index: number; from: string | undefined } => {
  const [index = '0', from = ''] = cursor.split('/')
  return { index: Number(index), from: from === '' ? undefined : from }
}

interface ExportedRange {
  readonly records?: WrittenRecords
  /** The digest bucket with which the next pass begins. */
  readonly stoppedAt?: string
}

class RecordsPass {
  readonly #attempt: Attempt
  readonly #job: ExportJob
  readonly #stores: ExportRecordsServices
  /** The references of the ranges that are written. */
  readonly #references = new BlobReferenceSet()
  /** The references of the range that is being written. They are dropped if the pass writes the range again. */
  #rangeReferences = new BlobReferenceSet()
  /** The references of the digest bucket that is being written. They are dropped if the next pass writes the bucket. */
  #bucketReferences = new BlobReferenceSet()
  readonly #leftOut = new LeftOutOfPass()
  readonly #foundIds = new FoundIdsCollector()
  /** The paths in the plan. All passes use these paths, even if the registry changes during the export. */
  #blobPaths: ExportPlan['blob_paths'] = {}
  readonly #unclaimed: UnclaimedRevisions
  #accountsForItems = false

  constructor(attempt: Attempt, job: ExportJob, stores: ExportRecordsServices) {
    this.#attempt = attempt
    this.#job = job
    this.#stores = stores
    this.#unclaimed = new UnclaimedRevisions(stores.workFiles, attempt)
  }

  async run(): Promise<RecordsResult> {
    const { workFiles } = this.#stores
    const { job_id, n } = this.#attempt
    const { items, blob_paths, accounts_for_items } = await workFiles.read(EXPORT_PLAN, job_id)
    const ranges = items[n] ?? []
    this.#blobPaths = blob_paths
    this.#accountsForItems = accounts_for_items === true
    const start = parseCursor(this.#attempt.cursor)
    const written: WrittenRecords[] = []
    let cursor: string | undefined
    for (const [index, range] of ranges.entries()) {
      if (index < start.index || cursor !== undefined) continue
      const from = index === start.index ? (start.from ?? range.from) : range.from
      const exported = await this.#exportOrHandOver(index, { ...range, from }, index > start.index)
      if (exported === undefined) {
        cursor = `${index}/`
        continue
      }
      const { records, stoppedAt } = exported
      if (records !== undefined) written.push(records)
      if (stoppedAt !== undefined) cursor = `${index}/${stoppedAt}`
      else if (this.#attempt.timeIsUp() && index + 1 < ranges.length) cursor = `${index + 1}/`
    }
    return whileStoring(() => this.#store(written, cursor))
  }

  /** Writes the lists of the pass, and returns its result. */
  async #store(written: readonly WrittenRecords[], cursor: string | undefined): Promise<RecordsResult> {
    const { objects, workFiles, clock } = this.#stores
    const { job_id, n, attempt } = this.#attempt
    const key = workFiles.key(job_id, workName.references(n, attempt))
    const omitted = allOmitted(written.flatMap((records) => (records.kind === 'piece' ? [records] : [])))
    return {
      done: cursor === undefined,
      ...(cursor === undefined ? {} : { cursor }),
      segments: written.flatMap((records) => (records.kind === 'segment' ? [records.segment] : [])),
      pieces: written.flatMap((records) => (records.kind === 'piece' ? [records.piece] : [])),
      ...(omitted === undefined ? {} : { omitted }),
      references: await this.#references.write(objects, workFiles.bucket, key),
      ...(await this.#leftOut.write(workFiles, this.#attempt)),
      ...(await this.#unclaimed.write(clock)),
      ...(this.#job.request.filters.ids === undefined
        ? {}
        : { ids: await workFiles.write(EXPORTED_IDS, this.#foundIds.all, job_id, n, attempt) }),
    }
  }

  /**
   * Writes one range as `#exportRange` does. Returns undefined if AWS throttled its first digest bucket until the time of
   * the pass was used up, and if the pass has finished another range. The next pass then writes the range.
   */
  async #exportOrHandOver(index: number, range: ModelRange, hasFinished: boolean): Promise<ExportedRange | undefined> {
    try {
      return await this.#exportRange(index, range)
    } catch (error) {
      if (!hasFinished || !this.#attempt.mustHandOver(error)) throw error
      this.#leftOut.removeFrom(range.model, range.from)
      await this.#unclaimed.removeFrom(range.model, range.from)
      return undefined
    }
  }

  /**
   * Writes one range until its end, or until the digest bucket before which the pass must stop. If AWS throttles the pass
   * after the first digest bucket, it stops before the first digest bucket that is not finished.
   */
  async #exportRange(index: number, range: ModelRange): Promise<ExportedRange> {
    for (;;) {
      const exported = await this.#tryRange(index, range)
      if (exported !== 'again') return exported
    }
  }

  /**
   * Writes one range as `#exportRange` does. Returns `again` if a resource has a fault, but a part of the resource has
   * already been written. The resource is then in the list of left-out resources, and the caller must write the range
   * again from its start. In an archive, this happens only for resources of more than 16 MiB. In a stream, it can
   * happen for any resource, because records are written in pieces of 1 MiB.
   */
  async #tryRange(index: number, range: ModelRange): Promise<ExportedRange | 'again'> {
    const target = this.#target(index, range.model)
    this.#rangeReferences = new BlobReferenceSet()
    this.#bucketReferences = new BlobReferenceSet()
    const torn: string[] = []
    let bucket: string | undefined
    let hasRecords = false
    let first: string | undefined
    const stop: { at?: string } = {}
    /** All digest buckets before `at` are finished. */
    let finished: { readonly at: string; readonly hasRecords: boolean } | undefined
    const finishBuckets = (at: string): void => {
      this.#rangeReferences.addAll(this.#bucketReferences)
      this.#bucketReferences = new BlobReferenceSet()
      target.mark()
      finished = { at, hasRecords }
    }
    // The loop below checks the time only for selected resources. The reader calls `until` also for other resources and
    // for revisions without metadata, so that the pass also stops in time if no resource is selected. A pass ends
    // between digest buckets: it does not stop in the bucket that it began with or that it has written last.
    const until = (h: string): boolean => {
      const next = h.slice(0, 4)
      if (!isBucket(next) || next === range.to) return false
      first ??= next
      if (next === first || next === bucket || !this.#attempt.timeIsUp()) return false
      stop.at = next
      return true
    }
    const onRead = (h: string): void => {
      const next = h.slice(0, 4)
      if (isBucket(next) && next > (bucket ?? range.from)) finishBuckets(next)
    }
    try {
      const acceptMetadata = (metadata: Item): boolean => this.#acceptMetadata(range.model, metadata)
      const onUnclaimed = this.#accountsForItems
        ? {
            onUnclaimed: (revisions: readonly Item[]) => this.#addUnclaimed(range.model, revisions),
          }
        : {}
      try {
        for await (const resource of this.#read(range, {
          onTorn: (id) => void torn.push(id),
          until,
          onRead,
          acceptMetadata,
          ...onUnclaimed,
        })) {
          const next = resource.h.slice(0, 4)
          // The reader returns the resources that it has read before it stopped. The next pass reads this bucket again.
          if (stop.at !== undefined && next >= stop.at) break
          if (bucket !== undefined && next !== bucket) {
            if (this.#mustStop(target)) {
              stop.at = next
              break
            }
            finishBuckets(next)
          }
          bucket = next
          const outcome = await this.#exportResource(range.model, resource, target)
          if (outcome === 'again') {
            await abandon(target)
            return outcome
          }
          hasRecords ||= outcome === 'written'
        }
        this.#rangeReferences.addAll(this.#bucketReferences)
      } catch (error) {
        if (finished === undefined || !this.#attempt.mustHandOver(error)) throw error
        stop.at = finished.at
        hasRecords = finished.hasRecords
        await target.reset(finished.at)
      }
      if (torn.length > 0 && this.#job.request.strict) throw new TornResourcesError(torn)
      for (const id of torn) this.#leaveOutTorn(range.model, id)
      if (stop.at !== undefined) {
        this.#leftOut.removeFrom(range.model, stop.at)
        await this.#unclaimed.removeFrom(range.model, stop.at)
      }
      if (!hasRecords) await abandon(target)
      const records = hasRecords ? await storeFinished(this.#attempt, () => target.finish()) : undefined
      this.#references.addAll(this.#rangeReferences)
      return {
        ...(records === undefined ? {} : { records }),
        ...(stop.at === undefined ? {} : { stoppedAt: stop.at }),
      }
    } catch (error) {
      await abandon(target)
      throw error
    }
  }

  /**
   * Checks the metadata of a resource. Returns true if the metadata can be restored. Otherwise, adds the resource to
   * the left-out resources and returns false.
   */
  #acceptMetadata(model: string, metadata: Item): boolean {
    if (this.#leftOut.has(model, metadata)) return false
    const fault = metadataFault(metadata)
    if (fault !== undefined) this.#leftOut.add(model, metadata, metadata, fault)
    return fault === undefined
  }

  /** Adds revisions without metadata. Ignores those whose metadata exists, but was left out. */
  async #addUnclaimed(model: string, revisions: readonly Item[]): Promise<void> {
    const isLeftOut = (key: Key): boolean => isRevisionKey(key) && this.#leftOut.hasKey(model, metadataKeyOf(key).sk)
    await this.#unclaimed.add(revisions.map(keyOf).filter((key) => !isLeftOut(key)))
  }

  async #exportResource(
    model: string,
    { h, id, metadata, revisions }: StoredResource,
    target: RecordsTarget,
  ): Promise<'written' | 'left out' | 'again'> {
    const references: PayloadReferences[] = []
    const blobs = Object.hasOwn(this.#blobPaths, model) ? this.#blobPaths[model] : undefined
    const blobFields = blobFieldsOf({ blobs })
    const leaveOut = (item: Item, reason: string): 'left out' | 'again' => {
      this.#leftOut.add(model, metadata, item, reason)
      return target.discard() ? 'left out' : 'again'
    }
    const tooLong = await invalidReason(() => target.begin(metadata, h))
    if (tooLong !== undefined) return leaveOut(metadata, tooLong)
    for await (const revision of revisions) {
      const payload = await readPayload(this.#stores.payloads, revision, this.#job.request.strict)
      const checked =
        payload instanceof UnreadablePayload
          ? { fault: payload.reason }
          : checkRevision(revision, payload, 'store', blobFields)
      const reason = checked.fault ?? (await invalidReason(() => target.revision(revision)))
      if (reason !== undefined) return leaveOut(revision, reason)
      if (checked.fault === undefined) references.push(checked.references)
    }
    await target.end()
    for (const each of references) addReferences(this.#bucketReferences, model, each, true, id)
    return 'written'
  }

  #leaveOutTorn(model: string, id: string): void {
    this.#leftOut.addTorn(model, id, metadataKey(model, id, this.#stores.models.get(model).shards))
  }

  #mustStop({ bytesSoFar }: RecordsTarget): boolean {
    const { segmentBytes, seenBlobs } = this.#stores.limits
    const references = this.#references.size + this.#rangeReferences.size + this.#bucketReferences.size
    const kept = references + this.#leftOut.size
    return this.#attempt.timeIsUp() || bytesSoFar >= segmentBytes || kept >= seenBlobs
  }

  #target(index: number, model: string): RecordsTarget {
    const { objects, payloads, workFiles } = this.#stores
    const { job_id, n, pass, attempt } = this.#attempt
    const key = workFiles.key(job_id, workName.segment(EXPORT_RECORDS.name, n, attempt, index))
    const composer = new Composer(objects, workFiles.bucket, key)
    const { format, strict } = this.#job.request
    if (format === 'specstar') return new StreamRecords(payloads, composer, model, strict)
    return new SegmentRecords(objects, composer, model, `${pad(n, 5)}-${pad(index, 2)}-${pad(pass, 2)}`, {
      bucket: workFiles.bucket,
      key: workFiles.key(job_id, workName.digests(n, attempt, index)),
    })
  }

  #read({ model, from, to }: ModelRange, options: ReadOptions): AsyncGenerator<StoredResource> {
    const { resources, models } = this.#stores
    const { filters } = this.#job.request
    const accepts = filterFor(this.#job, models, model)
    // A filter cannot be evaluated on metadata with a fault. Such metadata counts as selected, so that the resource is
    // listed as left out.
    const filter = (item: Item): boolean => accepts(item) || metadataFault(item) !== undefined
    if (filters.ids === undefined) {
      const hasFilters = Object.keys(filters).length > 0
      return resources.resources(model, { from, to }, hasFilters ? { ...options, filter } : options)
    }
    const ids = filters.ids.filter((id) => {
      const bucket = hashKeyOf(id).slice(0, 4)
      return bucket >= from && (to.length > 4 || bucket < to)
    })
    const addFoundId = (item: Item): boolean => {
      const isAccepted = filter(item)
      // The id in the key is used, because `resource_id` of damaged metadata may be missing or may be the id of another
      // resource.
      this.#foundIds.add(statedIdIn(sortKeyOf(item)), isAccepted)
      return isAccepted
    }
    return resources.resourcesById(model, ids, { ...options, filter: addFoundId })
  }
}

/** Returns true for a digest bucket. The sort key of a damaged item may begin with other characters. */
const isBucket = (text: string): boolean => /^[0-9a-f]{4}$/.test(text)

const pad = (value: number, digits: number): string => value.toString().padStart(digits, '0')
