import * as z from 'zod'
import { SegmentSpan } from '../../archive/archive.ts'
import { PlannedItems, StageInput, type StageMessages } from '../../jobs/messages.ts'
import type { WorkFile } from '../../jobs/work-files.ts'
import { PinnedObject } from '../../objects/object.ts'
import { ConvertedArchive } from './convert.ts'

/**
 * Segments of records, and the range of the metadata in the target with which the segments are compared. Strict,
 * because the plans of earlier versions had the member `segment`. Without it, a range would have no resources.
 */
export const SegmentRange = z
  .strictObject({
    model: z.string(),
    /** Absent if the archive has no resources of the model. */
    segments: z.exactOptional(SegmentSpan),
    /**
     * The sort keys of the range are greater than `after`. If `after` is absent, the range begins with the first sort
     * key.
     */
    after: z.exactOptional(z.string()),
    /**
     * The sort keys of the range are not greater than `up_to`. If `up_to` is absent, the range ends with the last sort
     * key.
     */
    up_to: z.exactOptional(z.string()),
  })
  .readonly()
export type SegmentRange = z.output<typeof SegmentRange>

/** Written by `inspect`. All later stages read it. */
export const RestorePlan = z
  .object({
    /** The pinned archive. Every later read returns bytes of exactly this version. */
    archive: PinnedObject,
    manifest_sha256: z.string(),
    /** Present if the job's archive is a stream of SpecStar. `archive` is then the result of the conversion. */
    converted: z.exactOptional(ConvertedArchive),
    /**
     * False for a repacked archive without a trailer. The checksum of the manifest is in the trailer, so this manifest
     * may be wrong.
     */
    proven_manifest: z.boolean(),
    models: z.array(z.string()).readonly(),
    /** True if the restore has no filters. The restore then selects all resources of `models`. */
    unfiltered: z.boolean(),
    /**
     * True if the restore selects all resources of the archive. It then reads every blob. Otherwise, it reads only the
     * blobs to which the selected resources refer, so that damage of other blobs does not matter.
     */
    reads_all_blobs: z.boolean(),
    /** The models for which the target had no items when the restore began. A check has no target, so it lists all. */
    empty_models: z.array(z.string()).readonly(),
    /** The segments that each map item of `preflight` checks. */
    items: z.array(z.array(SegmentRange).readonly()).readonly(),
    /** The indexes in the manifest of the segments that contain payloads and blobs. */
    blob_segments: z.array(z.int()).readonly(),
    /** Ids of the blobs that the archive declares as missing. */
    missing_blobs: z.array(z.string()).readonly(),
    /** The numbers of resources and revisions in the manifest. Absent if filters select the resources. */
    expected: z.exactOptional(z.object({ resources: z.int(), revisions: z.int() }).readonly()),
  })
  .readonly()
export type RestorePlan = z.output<typeof RestorePlan>
export const RESTORE_PLAN: WorkFile<RestorePlan> = { name: () => 'restore-plan.json', content: RestorePlan }

/** The output of `inspect`. If `waiting` is true, the stage runs again after `wait_seconds`. */
export const InspectOutput = z
  .object({ ...PlannedItems.unwrap().shape, waiting: z.boolean(), wait_seconds: z.int().nonnegative() })
  .readonly()
export type InspectOutput = z.output<typeof InspectOutput>
export const INSPECT: StageMessages<StageInput, InspectOutput> = { input: StageInput, output: InspectOutput }
