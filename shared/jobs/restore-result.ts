import * as z from 'zod'
import { IdsWithoutResource, ListedBlobs, ListedResources } from './job-lists.ts'

const RestoreCounts = z.object({ loaded: z.int(), skipped: z.int(), total: z.int() }).readonly()
const BlobChanges = z.object({ new: z.int(), changed: z.int(), same: z.int() }).readonly()
const ResourceChanges = z.object({ ...BlobChanges.unwrap().shape, target_only: z.int() }).readonly()

export const TargetOnly = z.object({
  /**
   * For each model, the number of resources in the scope of the restore that only the store contains. Absent if there
   * are none, and for a restore by ids.
   */
  target_only: z.exactOptional(z.record(z.string(), z.int()).readonly()),
  /** The models whose resources could not be counted in time. */
  target_only_unknown: z.exactOptional(z.array(z.string()).readonly()),
})
export type TargetOnlyCounts = Readonly<z.output<typeof TargetOnly>>

const MEMBERS = {
  /**
   * The number of resources in each group of differences (`shared/restore/messages/differences.ts`). A group without
   * resources is absent. The member is absent in jobs of earlier versions, which did not list the differences.
   */
  differences: z.exactOptional(z.record(z.string(), z.int()).readonly()),
  /** Empty for a dry run. */
  models: z.record(z.string(), RestoreCounts).readonly(),
  missing_blobs: z.exactOptional(ListedBlobs),
  /** The resources that the export or the restore left out. Absent if no resource was left out. */
  left_out: z.exactOptional(ListedResources),
  ...IdsWithoutResource.unwrap().shape,
}

export const DryRunResult = z
  .object({
    ...MEMBERS,
    /** The numbers of resources and blobs that the restore would change. */
    dry_run: z
      .object({
        models: z.record(z.string(), ResourceChanges).readonly(),
        blobs: BlobChanges,
        findings: z.array(z.unknown()).readonly(),
      })
      .readonly(),
    /** Present only if the strategy is `skip` and there are such blobs. */
    blob_conflicts: z.exactOptional(ListedBlobs),
    // `dry_run.models` contains the resources that only the store contains. A dry run writes nothing, so its result
    // does not have the other members.
    target_only: z.exactOptional(z.never()),
    target_only_unknown: z.exactOptional(z.never()),
    verification: z.exactOptional(z.never()),
    report: z.exactOptional(z.never()),
  })
  .readonly()
export type DryRunResult = z.output<typeof DryRunResult>

export const VerifiedResult = z
  .object({
    ...MEMBERS,
    ...TargetOnly.shape,
    verification: z
      .object({
        passed: z.boolean(),
        /** False if the verification failed, or if it checked nothing. Absent in jobs of earlier releases. */
        proved: z.exactOptional(z.boolean()),
        checks: z.record(z.string(), z.unknown()).readonly(),
      })
      .readonly(),
    dry_run: z.exactOptional(z.never()),
    blob_conflicts: z.exactOptional(ListedBlobs),
    /** The location of the whole report. */
    report: z.exactOptional(z.object({ bucket: z.string(), key: z.string() }).readonly()),
  })
  .readonly()
export type VerifiedResult = z.output<typeof VerifiedResult>

/** The result of a dry run or of a verified restore. */
export const RestoreResult = z.union([DryRunResult, VerifiedResult])
export type RestoreResult = z.output<typeof RestoreResult>
