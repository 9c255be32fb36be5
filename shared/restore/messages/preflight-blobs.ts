import * as z from 'zod'
import { SegmentPosition } from '../../archive/segment-steps.ts'
import { PROPERTY_MEMBERS } from '../../blobs/blob-properties.ts'
import { BlobReferenceList } from '../../blobs/blob-reference-list.ts'
import { HashPosition } from '../../blobs/hash-in-steps.ts'
import { PassResult } from '../../jobs/pass.ts'
import type { Stage } from '../../jobs/stage.ts'
import type { WorkFile } from '../../jobs/work-files.ts'
import { PinnedObject } from '../../objects/object.ts'

/** Written by `plan-preflight-blobs` in its last round. */
const RestoreBlobPlan = z
  .object({
    /** The references to blobs that the passes of `preflight` have found. */
    lists: z.array(BlobReferenceList).readonly(),
    /**
     * For each map item, the indexes of its blob segments in the manifest. If the archive has no blobs, but its
     * resources refer to blobs, a single item without segments determines which blobs are missing.
     */
    items: z.array(z.array(z.int()).readonly()).readonly(),
    /** The numbers in the manifest. Absent if only some blobs of the archive are read. */
    expected: z.exactOptional(z.object({ blobs: z.int(), bytes: z.int() }).readonly()),
  })
  .readonly()
export type RestoreBlobPlan = z.output<typeof RestoreBlobPlan>
export const RESTORE_BLOB_PLAN: WorkFile<RestoreBlobPlan> = {
  name: () => 'restore-blob-plan.json',
  content: RestoreBlobPlan,
}

/** The position in the comparison of a large blob with the target. */
const ComparisonPosition = z
  .object({
    /** The index of the blob in its segment. */
    entry: z.int(),
    /** As in `ARCHIVED_BLOB`. */
    parts_sha256: z.exactOptional(z.string()),
    /** The position inside the blob of the target. Absent if no byte of it has been read. */
    hash: z.exactOptional(HashPosition),
  })
  .readonly()
export type ComparisonPosition = z.output<typeof ComparisonPosition>

/**
 * The position where a pass of `preflight-blobs` continues. `segment` is the index of a segment in the map item, and
 * `position` is a position in that segment.
 */
export const BlobsCursor = z
  .object({
    segment: z.int(),
    position: SegmentPosition,
    /**
     * Present if the archived bytes of a large blob are verified, but the comparison with the target has not ended.
     */
    target: z.exactOptional(ComparisonPosition),
  })
  .readonly()
export type BlobsCursor = z.output<typeof BlobsCursor>

/**
 * The result of the comparison of an archived blob with the target:
 *
 * - `new` if the target does not have the blob.
 * - `same` if the bytes and headers are equal.
 * - `changed` if the target has other bytes or headers, and the restore replaces them.
 * - `conflict` if the target has other bytes or headers, and the restore keeps them (strategy `skip`).
 */
export const BlobAction = z.enum(['new', 'changed', 'same', 'conflict'])
export type BlobAction = z.output<typeof BlobAction>

/**
 * The part of a blob that differs between the archive and the target. `headers` includes the content type and user
 * metadata.
 */
const BlobDifference = z.enum(['bytes', 'headers'])

const EqualOrNew = z.object({ action: BlobAction.extract(['new', 'same']) })
const Different = z.object({
  action: BlobAction.extract(['changed', 'conflict']),
  /** `bytes` if the bytes differ, and `headers` if only the headers differ. */
  differs: BlobDifference,
})
/** The action of the restore for one blob. `differs` states what differs in the target. */
export type PlannedAction = z.output<typeof EqualOrNew> | z.output<typeof Different>

/** A blob or spilled payload of the archive, with its location. */
const ARCHIVED_BLOB = {
  kind: z.enum(['payload', 'blob']),
  /** The file id of a blob, or the SHA-256 of a payload. */
  id: z.string(),
  /** The offset of the content from the start of the archive, in bytes. */
  offset: z.int(),
  size: z.int(),
  sha256: z.string(),
  /**
   * The checksum that S3 computes of the parts in which the blob is copied (`shared/values/parts-sha256.ts`). Only
   * large blobs have it. Absent in lists of earlier versions of the deployment.
   */
  parts_sha256: z.exactOptional(z.string()),
  content_type: z.exactOptional(z.string()),
  ...PROPERTY_MEMBERS,
  /** The models whose resources refer to the blob or payload. */
  models: z.array(z.string()).readonly(),
}

/**
 * A blob or spilled payload to which the resources to be written refer. Contains its location in the archive and the
 * action of the restore.
 */
export const RestoredBlob = z.discriminatedUnion('action', [
  z.object({ ...ARCHIVED_BLOB, ...EqualOrNew.shape }).readonly(),
  z.object({ ...ARCHIVED_BLOB, ...Different.shape }).readonly(),
])
export type RestoredBlob = z.output<typeof RestoredBlob>
/** Returns true if `apply-blobs` writes the blob or spilled payload. */
export const isWritten = ({ action }: Pick<RestoredBlob, 'action'>): boolean => action === 'new' || action === 'changed'

export const BLOB_LIST: WorkFile<readonly RestoredBlob[], [n: number, attempt: string]> = {
  name: (n, attempt) => `blobs/${n}/${attempt}`,
  content: z.array(RestoredBlob).readonly(),
}

/** The result of a pass of `preflight-blobs`. */
export const PreflightBlobsResult = z
  .object({
    ...PassResult.shape,
    /** A file of `BLOB_LIST`. Each of these lists becomes one map item of `apply-blobs` and of `verify`. */
    list: PinnedObject,
    /** The number of blobs by action. Spilled payloads are not counted, because they belong to their resources. */
    actions: z.record(BlobAction, z.int()).readonly(),
    /**
     * The number of blobs and spilled payloads that `apply-blobs` writes. Absent in results of earlier versions of the
     * deployment.
     */
    to_write: z.exactOptional(z.int()),
    /**
     * The number of blobs whose bytes or headers differ in the target. `different_blobs` contains the first 100 of
     * these blobs.
     */
    different: z.int(),
    different_blobs: z
      .array(
        z
          .object({
            id: z.string(),
            models: z.array(z.string()).readonly(),
            differs: BlobDifference,
          })
          .readonly(),
      )
      .readonly(),
    /** The number of blobs that were read from the archive, and the sum of their sizes in bytes. */
    blobs: z.int(),
    bytes: z.int(),
    /** The number of different blobs in the archive that each model refers to. */
    models: z.record(z.string(), z.int()).readonly(),
    /** The number of missing blobs, and a file with their ids. The file is absent if no blob is missing. */
    missing: z.int(),
    missing_list: z.exactOptional(PinnedObject),
  })
  .readonly()
export type PreflightBlobsResult = z.output<typeof PreflightBlobsResult>
export const PREFLIGHT_BLOBS: Stage<PreflightBlobsResult> = { name: 'preflight-blobs', result: PreflightBlobsResult }

/**
 * Written by `decide`. Contains the map item and the pass of each result of `preflight-blobs`, in their order. The
 * result with index `n` belongs to map item `n` of `apply-blobs`, and to one map item of `verify`.
 */
export const BLOB_LISTS: WorkFile<readonly { readonly n: number; readonly pass: number }[]> = {
  name: () => 'blob-lists.json',
  content: z.array(z.object({ n: z.int(), pass: z.int() }).readonly()).readonly(),
}
