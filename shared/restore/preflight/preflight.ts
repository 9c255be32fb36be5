import { ArchivePayloads } from '../../archive/archive-payloads.ts'
import { encodeBuckets } from '../../archive/digest.ts'
import { BlobReferenceSet } from '../../blobs/blob-references.ts'
import { FoundIdsCollector } from '../../jobs/found-ids.ts'
import { continueAt, readCursor } from '../../jobs/cursor.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { storeFinished } from '../../jobs/store-finished.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { whileStoring } from '../../throttling/call-context.ts'
import type { Finding } from '../messages/finding.ts'
import type { SegmentRange } from '../messages/inspect.ts'
import {
  type ChunkPosition,
  type Extent,
  LEFT_OUT_OF_EXTENT,
  PREFLIGHT,
  PREFLIGHT_DETAILS,
  PreflightCursor,
  type PreflightResult,
} from '../messages/preflight.ts'
import { workName } from '../messages/work-names.ts'
import { openRestore, type OpenRestoreServices } from '../open-restore.ts'
import { type LeasedPassServices, runLeasedPass } from '../run-leased-pass.ts'
import { DifferenceLists } from '../results/difference-lists.ts'
import { damagedBlobs, streamFaultPages } from '../results/stream-faults.ts'
import { type CheckedRange, type CheckRangeServices, RangePreflight } from './range-preflight.ts'

interface PreflightServices extends OpenRestoreServices, LeasedPassServices, CheckRangeServices {
  readonly limits: Limits
}

/**
 * Runs one pass of preflight. The pass reads every byte of its segments, checks every line, and determines which
 * resources the target already has. It writes nothing to the store.
 *
 * If AWS throttles a pass until its time is used up, the pass hands over the digest buckets that it has checked.
 * Without a checked digest bucket, it fails, and the workflow repeats it.
 */
export const preflight = (input: PassInput, services: PreflightServices): Promise<PassOutput> =>
  runLeasedPass(PREFLIGHT, input, services, (attempt) => preflightPass(attempt, services))

/**
 * The largest number of extents of a pass. Its result is one item of the job table, which can have 400 KB. An extent
 * takes about 1 KB, and at most 4 KB.
 */
export const MAX_EXTENTS = 90

const preflightPass = async (attempt: Attempt, services: PreflightServices): Promise<PreflightResult> => {
  const { job_id, n } = attempt
  const { objects, workFiles, limits } = services
  const restore = await openRestore(services, job_id)
  const ranges = restore.plan.items[n] ?? []
  const start = readCursor(PreflightCursor, attempt) ?? { range: 0 }
  const references = new BlobReferenceSet()
  const foundIds = restore.request.filters.ids === undefined ? undefined : new FoundIdsCollector()
  const differences = new DifferenceLists(workFiles, PREFLIGHT.name, attempt)
  const collected = { references, foundIds, differences }
  const sources = {
    payloads: new ArchivePayloads(restore.archive),
    faultPages: await streamFaultPages(services, restore.plan),
    damagedBlobs: await damagedBlobs(services, restore.plan),
  }
  const isFull = (kept: number): boolean => attempt.timeIsUp() || references.size + kept >= limits.seenBlobs
  const extents: Extent[] = []
  const details: { duplicates: string[]; findings: Finding[] } = { duplicates: [], findings: [] }
  let cursor: PreflightCursor | undefined
  for (const [k, range] of ranges.entries()) {
    if (k < start.range || cursor !== undefined) continue
    const from = k === start.range ? start.from : undefined
    const resetDifferences = differences.mark()
    const check = new RangePreflight(services, restore, range, collected, sources).check(from, isFull, attempt)
    const checked = await check.catch((error: unknown) => {
      if (extents.length === 0 || !attempt.mustHandOver(error)) throw error
      return undefined
    })
    if (checked === undefined) {
      resetDifferences()
      cursor = { range: k }
      continue
    }
    extents.push(await storeFinished(attempt, () => storeExtent(workFiles, attempt, { k, range, from }, checked)))
    details.duplicates.push(...checked.counted.duplicateIds)
    details.findings.push(...checked.findings)
    if (checked.stoppedAt !== undefined) cursor = { range: k, from: checked.stoppedAt }
    else if (k + 1 < ranges.length && (extents.length >= MAX_EXTENTS || attempt.timeIsUp())) cursor = { range: k + 1 }
  }
  return whileStoring(async () => ({
    ...continueAt(cursor),
    extents,
    ...(await differences.finish()),
    references: await references.write(
      objects,
      workFiles.bucket,
      workFiles.key(job_id, workName.references(n, attempt.attempt)),
    ),
    ...(details.duplicates.length + details.findings.length === 0 && foundIds === undefined
      ? {}
      : {
          details: await workFiles.write(
            PREFLIGHT_DETAILS,
            { ...details, ...(foundIds === undefined ? {} : { ids: foundIds.all }) },
            job_id,
            n,
            attempt.attempt,
          ),
        }),
  }))
}

const storeExtent = async (
  workFiles: WorkFiles,
  { job_id, n, attempt }: Attempt,
  { k, range, from }: { readonly k: number; readonly range: SegmentRange; readonly from: ChunkPosition | undefined },
  { stoppedAt, counted, buckets, leftOut, dryRun, targetOnly }: CheckedRange,
): Promise<Extent> => {
  const { model, segments } = range
  const { resources, revisions, duplicates, existing } = counted
  const after = from?.bucket ?? range.after
  const up_to = stoppedAt?.bucket ?? range.up_to
  return {
    model,
    ...(segments === undefined ? {} : { segments }),
    ...(from === undefined ? {} : { from }),
    ...(stoppedAt === undefined ? {} : { to_bucket: stoppedAt.bucket }),
    ...(after === undefined ? {} : { after }),
    ...(up_to === undefined ? {} : { up_to }),
    resources,
    revisions,
    existing: await workFiles.writeBytes(existing.encode(), job_id, workName.existing(n, attempt, k)),
    duplicates,
    digests: await workFiles.writeBytes(encodeBuckets(buckets), job_id, workName.archivedDigests(n, attempt, k)),
    ...(dryRun === undefined ? {} : { dry_run: dryRun }),
    ...(targetOnly === undefined ? {} : { target_only: targetOnly }),
    ...(leftOut.resources.length === 0
      ? {}
      : {
          left_out: {
            resources: leftOut.resources.length,
            metadata: leftOut.metadata,
            revisions: leftOut.revisions,
            in_digest: leftOut.inDigest,
            list: await workFiles.write(
              LEFT_OUT_OF_EXTENT,
              {
                resources: leftOut.resources,
                ids: leftOut.ids,
                ...(leftOut.corrupt === undefined ? {} : { corrupt: leftOut.corrupt }),
              },
              job_id,
              n,
              attempt,
              k,
            ),
          },
        }),
  }
}
