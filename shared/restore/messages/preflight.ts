import * as z from 'zod'
import { BlobReferenceList } from '../../blobs/blob-reference-list.ts'
import { PlannedItems, StageInput, type StageMessages } from '../../jobs/messages.ts'
import { FoundIds } from '../../jobs/found-ids.ts'
import { PassResult } from '../../jobs/pass.ts'
import type { Stage } from '../../jobs/stage.ts'
import type { WorkFile } from '../../jobs/work-files.ts'
import { PinnedObject } from '../../objects/object.ts'
import { ChecksumMismatch } from './convert.ts'
import { Finding } from './finding.ts'
import { SegmentSpan } from '../../archive/archive.ts'
import { UnrestorableResource } from '../../jobs/unrestorable-resource.ts'

/**
 * A position in the records of an archive. `segment` is the index of a segment in the manifest, and `entry` is the
 * index of a chunk in this segment. `bucket` is the first digest bucket that is read from this chunk.
 */
export const ChunkPosition = z.object({ segment: z.int(), entry: z.int(), bucket: z.string() }).readonly()
export type ChunkPosition = z.output<typeof ChunkPosition>

/**
 * The position where a pass of `preflight` continues. `range` is the index of a range in the map item. If `from` is
 * absent, the pass begins at the start of the range.
 */
export const PreflightCursor = z.object({ range: z.int(), from: z.exactOptional(ChunkPosition) }).readonly()
export type PreflightCursor = z.output<typeof PreflightCursor>

/** The number of resources by the result of their comparison in a dry run. */
export const DryRunCounts = z.object({ new: z.int(), changed: z.int(), same: z.int(), target_only: z.int() }).readonly()
export type DryRunCounts = z.output<typeof DryRunCounts>

/** The resources of an extent that cannot be restored. */
const LeftOutOfExtent = z
  .object({
    resources: z.int(),
    /** The numbers of metadata and revision records of these resources. */
    metadata: z.int(),
    revisions: z.int(),
    /** False if `digests` of the extent was computed without some records, because their item or key is invalid. */
    in_digest: z.boolean(),
    /** A file of `LEFT_OUT_OF_EXTENT`. */
    list: PinnedObject,
  })
  .readonly()
export const LEFT_OUT_OF_EXTENT: WorkFile<
  {
    readonly resources: readonly UnrestorableResource[]
    readonly ids: readonly string[]
    readonly corrupt?: ChecksumMismatch
  },
  [n: number, attempt: string, range: number]
> = {
  name: (n, attempt, range) => `left-out/${n}/${attempt}-${range}`,
  content: z.object({
    resources: z.array(UnrestorableResource).readonly(),
    /** The ids of those left-out resources whose metadata the archive contains. */
    ids: z.array(z.string()).readonly(),
    /** Present if the first of these resources cannot be restored because of a wrong checksum in a stream. */
    corrupt: z.exactOptional(ChecksumMismatch),
  }),
}

/**
 * Consecutive resources of one range (`SegmentRange`) that one pass of `preflight` has checked. An extent is one map
 * item of `apply-records` and one map item of `verify`.
 */
export const Extent = z
  .object({
    model: z.string(),
    /** The segments of the range. Absent if the archive has no resources of the model. */
    segments: z.exactOptional(SegmentSpan),
    /** The start of the extent. If it is absent, the extent begins at the start of the first segment. */
    from: z.exactOptional(ChunkPosition),
    /** The extent ends before this digest bucket. If it is absent, the extent ends at the end of the last segment. */
    to_bucket: z.exactOptional(z.string()),
    /**
     * The extent also includes the metadata in the target whose sort keys are greater than `after` and not greater than
     * `up_to`.
     */
    after: z.exactOptional(z.string()),
    up_to: z.exactOptional(z.string()),
    /** The number of resources that the filters select and that can be restored, and the number of their revisions. */
    resources: z.int(),
    revisions: z.int(),
    /**
     * A `BitList` with one bit for each metadata record that the filters select, in the order of the archive, including
     * resources that are left out. The bit is 1 if the target has the resource.
     */
    existing: PinnedObject,
    /** The number of resources that are counted in `resources` and that the target already has. */
    duplicates: z.int(),
    /** The digests of the extent's digest buckets, computed from the archive's records. */
    digests: PinnedObject,
    dry_run: z.exactOptional(DryRunCounts),
    /** The number of resources that only the target has. Absent for a dry run, and if they were not counted. */
    target_only: z.exactOptional(z.int()),
    /** Absent if all resources that the filters select can be restored. */
    left_out: z.exactOptional(LeftOutOfExtent),
  })
  .readonly()
export type Extent = z.output<typeof Extent>

/**
 * Lists that belong to the result of a pass. They are stored as a file, because they may be too large for an item of
 * the job table.
 */
export const PreflightDetails = z
  .object({
    /** The ids of the first duplicates of each extent. */
    duplicates: z.array(z.string()).readonly(),
    /** The first differences that a dry run found in each extent. */
    findings: z.array(Finding).readonly(),
    /** The ids of the filter `ids` that the pass found in the archive. Absent if the request has no filter `ids`. */
    ids: z.exactOptional(FoundIds),
  })
  .readonly()
export type PreflightDetails = z.output<typeof PreflightDetails>
export const PREFLIGHT_DETAILS: WorkFile<PreflightDetails, [n: number, attempt: string]> = {
  name: (n, attempt) => `preflight-details/${n}/${attempt}`,
  content: PreflightDetails,
}

/** The result of a pass of `preflight`. */
export const PreflightResult = z
  .object({
    ...PassResult.shape,
    extents: z.array(Extent).readonly(),
    /** The blobs and spilled payloads that the resources refer to. */
    references: BlobReferenceList,
    /** A file of `PREFLIGHT_DETAILS`. Absent if all its lists would be empty. */
    details: z.exactOptional(PinnedObject),
    /** A file of `PASS_DIFFERENCES`. Absent if the pass found no differences. */
    differences: z.exactOptional(PinnedObject),
  })
  .readonly()
export type PreflightResult = z.output<typeof PreflightResult>
export const PREFLIGHT: Stage<PreflightResult> = { name: 'preflight', result: PreflightResult }

/** Written by `plan-verify`. Contains the extents from which resources were left out. */
export const LEFT_OUT_EXTENTS: WorkFile<readonly Extent[]> = {
  name: () => 'left-out-extents.json',
  content: z.array(Extent).readonly(),
}

/** The output of `decide`. `write` is false for a dry run. The workflow then continues with the report. */
export const RestoreDecision = z.object({ ...PlannedItems.unwrap().shape, write: z.boolean() }).readonly()
export type RestoreDecision = z.output<typeof RestoreDecision>
export const DECIDE: StageMessages<StageInput, RestoreDecision> = { input: StageInput, output: RestoreDecision }
