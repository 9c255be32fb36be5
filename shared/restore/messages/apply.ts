import * as z from 'zod'
import { FailInput, PlannedItems, type StageMessages } from '../../jobs/messages.ts'
import { PassResult } from '../../jobs/pass.ts'
import type { Stage } from '../../jobs/stage.ts'
import type { WorkFile } from '../../jobs/work-files.ts'
import { PinnedObject } from '../../objects/object.ts'
import { ChunkPosition, Extent } from './preflight.ts'

/** The position where a pass of `apply-blobs` continues. */
export const ApplyBlobsCursor = z
  .object({
    /** An index in the list of the blobs that must be written. */
    next: z.int(),
    /** The unfinished upload of this blob (`jobs/upload-in-steps.ts`). Absent if no part of it is written. */
    upload: z.exactOptional(PinnedObject),
  })
  .readonly()
export type ApplyBlobsCursor = z.output<typeof ApplyBlobsCursor>

/** The result of a pass of `apply-blobs`. */
export const ApplyBlobsResult = z
  .object({
    ...PassResult.shape,
    written: z.int(),
    /** A file of `BLOB_CONFLICTS`. Absent if there are no conflicts, or if the strategy is not `skip`. */
    conflicts: z.exactOptional(PinnedObject),
  })
  .readonly()
export type ApplyBlobsResult = z.output<typeof ApplyBlobsResult>
export const APPLY_BLOBS: Stage<ApplyBlobsResult> = { name: 'apply-blobs', result: ApplyBlobsResult }

/**
 * The ids of blobs that another writer created with other bytes or headers after `preflight-blobs`. The strategy `skip`
 * keeps these blobs.
 */
export const BLOB_CONFLICTS: WorkFile<readonly string[], [n: number, attempt: string]> = {
  name: (n, attempt) => `blob-conflicts/${n}/${attempt}`,
  content: z.array(z.string()).readonly(),
}

/**
 * Written by `plan-apply-records`. Contains one extent for each map item, in the order in which the extents are
 * applied. Extents without resources are omitted.
 */
export const APPLY_PLAN: WorkFile<readonly Extent[]> = {
  name: () => 'apply-plan.json',
  content: z.array(Extent).readonly(),
}

/** The position where a pass over an extent continues: a digest bucket, or a resource of this bucket. */
export const ExtentCursor = z
  .object({
    /** The position of the digest bucket. */
    from: ChunkPosition,
    /** The number of bits in `existing` of the extent that belong to resources before this digest bucket. */
    index: z.int(),
    /** The number of resources of this digest bucket that earlier passes have finished. The default is 0. */
    skip: z.exactOptional(z.int()),
  })
  .readonly()
export type ExtentCursor = z.output<typeof ExtentCursor>

/** The result of a pass of `apply-records`. */
export const ApplyRecordsResult = z
  .object({
    ...PassResult.shape,
    model: z.string(),
    loaded: z.int(),
    skipped: z.int(),
    /** A file of `SKIPPED_AFTER_CONFLICT`. Absent if no resource was skipped for this reason. */
    skipped_after_conflict: z.exactOptional(PinnedObject),
  })
  .readonly()
export type ApplyRecordsResult = z.output<typeof ApplyRecordsResult>
export const APPLY_RECORDS: Stage<ApplyRecordsResult> = { name: 'apply-records', result: ApplyRecordsResult }

/**
 * Ids of resources that another writer created after `preflight`, and that were therefore skipped. They are not
 * verified.
 */
export const SKIPPED_AFTER_CONFLICT: WorkFile<readonly string[], [n: number, attempt: string]> = {
  name: (n, attempt) => `skipped-after-conflict/${n}/${attempt}`,
  content: z.array(z.string()).readonly(),
}

/** The output of `plan-rollback`. It contains the error of the failed stage, which `fail-restore` receives. */
export const RollbackItems = z
  .object({ ...PlannedItems.unwrap().shape, error: FailInput.unwrap().shape.error })
  .readonly()
export type RollbackItems = z.output<typeof RollbackItems>
export const PLAN_ROLLBACK: StageMessages<FailInput, RollbackItems> = { input: FailInput, output: RollbackItems }

export const ROLLBACK: Stage<PassResult> = { name: 'rollback', result: PassResult }
