import { type BucketDigest, BucketDigests, encodeBuckets, ResourceLeaf } from '../../archive/digest.ts'
import type { OpenArchive } from '../../archive/archive.ts'
import { collectBlobReferences } from '../../resources/collect-blob-references.ts'
import type { BlobReferenceList } from '../../blobs/blob-reference-list.ts'
import { BlobReferenceSet } from '../../blobs/blob-references.ts'
import type { RestoreJob } from '../../jobs/job.ts'
import { filterFor } from '../../jobs/job-filter.ts'
import { type Attempt, type PassResult, runPass, untyped } from '../../jobs/pass.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'
import { ArchivePayloads } from '../../archive/archive-payloads.ts'
import { type ArchivedRecord, archivedRecords, type RecordsFrom } from '../../archive/archived-records.ts'
import { Bits } from './bits.ts'
import type { Finding } from '../verify/findings.ts'
import { openPlanned, type RestorePlan, restorePlan, type SegmentShare } from '../inspect/restore-plan.ts'
import { readThrough } from './read-through.ts'
import { type ComparisonSums, type TargetComparison, targetComparison } from '../target/target-comparison.ts'
import { workKey } from '../work-keys.ts'

/** A run of one segment's resources that one pass has checked: what is applied, and verified, as one child. */
export interface Extent {
  readonly model: string
  readonly segment?: number
  readonly from?: RecordsFrom
  /** The run ends before this bucket; absent: at the segment's end. */
  readonly to_bucket?: string
  /** The run of the target's sort keys that belongs to it. */
  readonly after?: string
  readonly upTo?: string
  /** Resources in the run that the filters take, and their revisions. */
  readonly resources: number
  readonly revisions: number
  /** One bit for each of them, in order: it exists in the target. */
  readonly decisions: PinnedObject
  readonly duplicates: number
  /** Digests of the run's buckets as the archive's records give them. */
  readonly digests: PinnedObject
  readonly dry_run?: ComparisonSums
}

export interface PreflightResult extends PassResult {
  readonly extents: readonly Extent[]
  readonly seen: BlobReferenceList
  /** `Told`, as JSON: absent where there is nothing to tell. */
  readonly told?: PinnedObject
}

/** What a caller may be told of single resources: too long for an item of the job table. The first 100 of each extent. */
export interface Told {
  readonly duplicates: readonly string[]
  /** Dry run: differences. */
  readonly findings: readonly Finding[]
}

/** What the passes have to tell of single resources, up to `count` of a kind. */
export const toldOf = async <Kind extends keyof Told>(
  { objects }: Services,
  results: readonly PreflightResult[],
  kind: Kind,
  count: number,
): Promise<Told[Kind][number][]> => {
  const all: Told[Kind][number][] = []
  for (const { told } of results) {
    if (all.length >= count) break
    if (told === undefined) continue
    const read = JSON.parse((await objects.readBytes(told, 0, told.size)).toString()) as Told
    all.push(...read[kind])
  }
  return all.slice(0, count)
}

interface Cursor {
  /** The place of the share in its item. */
  readonly k: number
  readonly from?: RecordsFrom
}

/** One pass of checking: every byte of its segments, every line, every duplicate. Writes nothing to the store. */
export const preflight = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass(untyped<PreflightResult>('preflight'), input, services, (attempt) => preflightPass(attempt, services))

const preflightPass = async (attempt: Attempt, services: Services): Promise<PreflightResult> => {
  const { job_id, n } = attempt
  const job = await restoreJob(services, job_id)
  const plan = await restorePlan(services, job_id)
  const archive = await openPlanned(services, plan)
  const start = attempt.cursor === undefined ? { k: 0 } : (JSON.parse(attempt.cursor) as Cursor)
  const seen = new BlobReferenceSet()
  const payloads = new ArchivePayloads(archive)
  const extents: Extent[] = []
  const told: { duplicates: string[]; findings: Finding[] } = { duplicates: [], findings: [] }
  let cursor: Cursor | undefined
  for (const [k, share] of (plan.items[n] ?? []).entries()) {
    if (k < start.k || cursor !== undefined) continue
    const from = k === start.k ? start.from : undefined
    const run = new SegmentPreflight({ attempt, services, job, plan, archive, share, k, from, seen, payloads })
    const { extent, stoppedAt, findings } = await run.check()
    extents.push(extent)
    told.duplicates.push(...run.duplicates)
    told.findings.push(...findings)
    if (stoppedAt !== undefined) cursor = { k, from: stoppedAt }
    else if (attempt.timeIsUp() && k + 1 < (plan.items[n] ?? []).length) cursor = { k: k + 1 }
  }
  return {
    done: cursor === undefined,
    ...(cursor === undefined ? {} : { cursor: JSON.stringify(cursor) }),
    extents,
    seen: await seen.write(services.objects, services.config.buckets.work, workKey.seen(job_id, n, attempt.attempt)),
    ...(told.duplicates.length + told.findings.length === 0
      ? {}
      : {
          told: await services.objects.putJson(
            services.config.buckets.work,
            workKey.findings(job_id, 'preflight', n, attempt.attempt),
            told,
          ),
        }),
  }
}

interface Run {
  readonly attempt: Attempt
  readonly services: Services
  readonly job: RestoreJob
  readonly plan: RestorePlan
  readonly archive: OpenArchive
  readonly share: SegmentShare
  readonly k: number
  readonly from: RecordsFrom | undefined
  readonly seen: BlobReferenceSet
  readonly payloads: ArchivePayloads
}

/** Checks one segment (or what a pass before has left of it). */
class SegmentPreflight {
  readonly #run: Run
  readonly #takes: (metadata: ArchivedRecord['item']) => boolean
  readonly #digests = new BucketDigests()
  readonly #bits = Bits.empty()
  /** The first 100. */
  readonly duplicates: string[] = []
  #duplicateCount = 0
  #resources = 0
  #revisions = 0
  #current: { leaf: ResourceLeaf; record: ArchivedRecord; taken: boolean; needed: boolean } | undefined

  constructor(run: Run) {
    this.#run = run
    this.#takes = filterFor(run.job, run.services.models, run.share.model)
  }

  async check(): Promise<{ extent: Extent; stoppedAt?: RecordsFrom; findings: readonly Finding[] }> {
    const { services, share, archive, from, attempt, job } = this.#run
    const { request } = job
    const target = targetComparison(services, this.#run.plan, share, from?.bucket, job)
    let stoppedAt: RecordsFrom | undefined
    try {
      if (share.segment !== undefined) {
        const batches = archivedRecords(archive, share.segment, { from, ids: request.filters.ids })
        reading: for await (const batch of batches) {
          for (const record of batch) {
            if (record.kind === 'revision') {
              await this.#revision(record)
              continue
            }
            const bucket = record.h.slice(0, 4)
            const last = this.#current?.record.h.slice(0, 4)
            if (last !== undefined && bucket !== last && this.#full(attempt)) {
              stoppedAt = { entry: record.entry, bucket }
              break reading
            }
            await this.#endResource(target)
            await this.#metadata(record, target)
          }
        }
      }
      await this.#endResource(target)
      if (
        share.segment !== undefined &&
        stoppedAt === undefined &&
        from !== undefined &&
        request.filters.ids === undefined
      )
        await readThrough(archive, share.segment)
      const comparison = await target.end(stoppedAt?.bucket)
      return {
        extent: await this.#extent(stoppedAt, comparison?.sums),
        ...(stoppedAt === undefined ? {} : { stoppedAt }),
        findings: comparison?.findings ?? [],
      }
    } finally {
      await target.close()
    }
  }

  #full(attempt: Attempt): boolean {
    return attempt.timeIsUp() || this.#run.seen.size >= this.#run.services.limits.seenBlobs
  }

  async #metadata(record: ArchivedRecord, target: TargetComparison): Promise<void> {
    const taken = this.#takes(record.item)
    const leaf = new ResourceLeaf()
    leaf.add(record.item)
    let needed = false
    const exists = await target.exists(record.id)
    if (taken) {
      this.#bits.push(exists)
      this.#resources += 1
      if (exists) {
        this.#duplicateCount += 1
        if (this.duplicates.length < 100) this.duplicates.push(record.id)
      }
      needed = !(exists && this.#run.job.request.on_duplicate === 'skip')
    }
    this.#current = { leaf, record, taken, needed }
  }

  async #revision({ item }: ArchivedRecord): Promise<void> {
    const current = this.#current
    if (current === undefined) throw new Error('a revision before any metadata')
    current.leaf.add(item)
    if (!current.taken) return
    this.#revisions += 1
    const { seen, share, payloads } = this.#run
    await collectBlobReferences(seen, share.model, item, (sha256) => payloads.get(sha256), current.needed)
  }

  async #endResource(target: TargetComparison): Promise<void> {
    const current = this.#current
    this.#current = undefined
    if (current === undefined) return
    const leaf = current.leaf.digest()
    this.#digests.add(current.record.h, leaf)
    if (current.taken) await target.compare(current.record.id, leaf)
  }

  async #extent(stoppedAt: RecordsFrom | undefined, sums: ComparisonSums | undefined): Promise<Extent> {
    const { attempt, services, share, k, from } = this.#run
    const { objects, config } = services
    const { job_id, n } = attempt
    const buckets: BucketDigest[] = this.#digests.end()
    const after = from?.bucket ?? share.after
    const upTo = stoppedAt?.bucket ?? share.upTo
    return {
      model: share.model,
      ...(share.segment === undefined ? {} : { segment: share.segment }),
      ...(from === undefined ? {} : { from }),
      ...(stoppedAt === undefined ? {} : { to_bucket: stoppedAt.bucket }),
      ...(after === undefined ? {} : { after }),
      ...(upTo === undefined ? {} : { upTo }),
      resources: this.#resources,
      revisions: this.#revisions,
      decisions: await objects.put(
        config.buckets.work,
        workKey.decisions(job_id, n, attempt.attempt, k),
        this.#bits.encode(),
      ),
      duplicates: this.#duplicateCount,
      digests: await objects.put(
        config.buckets.work,
        workKey.digests(job_id, n, attempt.attempt, k),
        encodeBuckets(buckets),
      ),
      ...(sums === undefined ? {} : { dry_run: sums }),
    }
  }
}
