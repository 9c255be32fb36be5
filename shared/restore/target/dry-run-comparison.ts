import type { PayloadStore } from '../../blobs/payload-store.ts'
import { filterFor } from '../../jobs/job-filter.ts'
import type { ArchiveJob } from '../../jobs/job.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import { idHashOf } from '../../resources/keys.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import type { StoredResource } from '../../resources/stored-resource.ts'
import { sortKeyOf } from '../../tables/item.ts'
import { MAX_LISTED } from '../../values/message-text.ts'
import type { Finding } from '../messages/finding.ts'
import type { SegmentRange } from '../messages/inspect.ts'
import type { DifferenceLists } from '../results/difference-lists.ts'
import { readStoredResource } from './read-stored-resource.ts'
import { TargetJoin } from './target-join.ts'
import type { TargetCounts, TargetLookup } from './target-lookup.ts'
import { TargetOnly } from './target-only.ts'
import { idsIn, targetRange } from './target-range.ts'

/**
 * The target lookup of a dry run. Reads the resources of the target with all their revisions, and compares them with
 * the archived resources.
 */
export class DryRunComparison implements TargetLookup {
  readonly #services: { readonly resources: ResourceStore; readonly payloads: PayloadStore }
  readonly #model: string
  readonly #join: TargetJoin<StoredResource>
  readonly #targetOnly: TargetOnly
  readonly #lists: DifferenceLists
  #row: StoredResource | undefined
  /**
   * The ids of torn resources. The store returns no row for a torn resource. Instead, it calls `onTorn`, before it
   * returns the next row.
   */
  readonly #torn = new Set<string>()
  /** The counts of the digest buckets before the one that was searched last. */
  readonly #counts = { new: 0, changed: 0, same: 0 }
  readonly #findings: Finding[] = []
  /** The members below belong to the digest bucket that was searched last. */
  #bucketCounts = { new: 0, changed: 0, same: 0 }
  #bucketFindings: Finding[] = []

  constructor(
    services: { readonly resources: ResourceStore; readonly payloads: PayloadStore; readonly models: ModelRegistry },
    job: ArchiveJob,
    range: SegmentRange,
    bucket: string | undefined,
    lists: DifferenceLists,
  ) {
    const { resources, models } = services
    const { model } = range
    const { ids } = job.request.filters
    const options = { onTorn: (id: string) => void this.#torn.add(id) }
    const after = bucket ?? range.after
    const rows =
      ids === undefined
        ? resources.resources(model, targetRange(after, range.up_to), options)
        : resources.resourcesById(model, idsIn(ids, after, range.up_to), options)
    this.#services = services
    this.#model = model
    this.#join = new TargetJoin(rows, ({ metadata }) => sortKeyOf(metadata))
    this.#targetOnly = new TargetOnly(lists, model, filterFor(job, models, model))
    this.#lists = lists
  }

  /**
   * Also counts the skipped resources, which only the target has. If a read of the target fails, this call counts
   * nothing, so that `end` returns the counts of complete digest buckets.
   */
  async exists(id: string): Promise<boolean> {
    const search = this.#targetOnly.search(idHashOf(id))
    this.#row = await this.#join.seek(id, ({ metadata }) => search.pass(metadata))
    if (search.commit()) this.#endBucket()
    return this.#row !== undefined || this.#torn.has(id)
  }

  /**
   * Compares a stored resource with the archived resource, whose digest is `archived`. `hasOrphans` must be true if the
   * target has no metadata of the resource, but has revisions that differ from the archive. The caller must have called
   * `exists` for this resource immediately before.
   */
  async compare(id: string, archived: Buffer, hasOrphans: boolean): Promise<void> {
    if (this.#row === undefined) {
      const isTorn = this.#torn.delete(id)
      await this.#count(isTorn || hasOrphans ? 'changed' : 'new', id)
      const expected = archived.toString('hex')
      if (isTorn) this.#addFinding(id, 'current revision is missing', expected, 'torn')
      else if (hasOrphans)
        this.#addFinding(id, 'the metadata is missing, and the revisions differ', expected, 'no metadata')
      return
    }
    const { digest, damagedPayloads } = await readStoredResource(this.#services, this.#row)
    const isDifferent = !digest.equals(archived)
    if (!isDifferent && damagedPayloads.length === 0) {
      this.#bucketCounts.same += 1
      return
    }
    await this.#count('changed', id)
    if (isDifferent) this.#addFinding(id, 'resource differs', archived.toString('hex'), digest.toString('hex'))
    for (const { revision, expected, actual } of damagedPayloads)
      this.#addFinding(id, `payload of revision ${revision} is damaged`, expected, actual)
  }

  leaveOut(id: string): void {
    this.#targetOnly.leaveOut(id)
  }

  async end(beforeBucket: string | undefined): Promise<TargetCounts> {
    const isComplete = this.#targetOnly.endBucket(beforeBucket)
    if (isComplete) await this.#join.end(({ metadata }) => this.#targetOnly.pass(metadata), beforeBucket)
    // `compare` removes torn resources from `#torn`. The remaining torn resources are not in the archive, or are left
    // out.
    for (const id of this.#torn) {
      if (beforeBucket !== undefined && idHashOf(id) >= beforeBucket) continue
      const metadata = await this.#services.resources.getMetadata(this.#model, id)
      if (metadata !== undefined) await this.#targetOnly.pass(metadata)
    }
    // If a read above fails, the pass ends before this digest bucket, so the bucket must not be counted earlier.
    if (isComplete) this.#endBucket()
    return { dryRun: { ...this.#counts, target_only: this.#targetOnly.count }, findings: this.#findings }
  }

  close(): Promise<void> {
    return this.#join.close()
  }

  async #count(group: 'new' | 'changed', id: string): Promise<void> {
    await this.#lists.add(group, this.#model, id)
    this.#bucketCounts[group] += 1
  }

  #endBucket(): void {
    const counts = this.#bucketCounts
    this.#counts.new += counts.new
    this.#counts.changed += counts.changed
    this.#counts.same += counts.same
    this.#findings.push(...this.#bucketFindings.slice(0, MAX_LISTED - this.#findings.length))
    this.#bucketCounts = { new: 0, changed: 0, same: 0 }
    this.#bucketFindings = []
  }

  #addFinding(resource_id: string, what: string, expected: string, actual: string): void {
    if (this.#findings.length + this.#bucketFindings.length < MAX_LISTED)
      this.#bucketFindings.push({ model: this.#model, resource_id, what, expected, actual })
  }
}
