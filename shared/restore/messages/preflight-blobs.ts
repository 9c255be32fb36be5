import { z } from 'zod'
import { PROPERTY_MEMBERS } from '../../blobs/blob-properties.ts'
import { BlobReferenceList } from '../../blobs/blob-reference-list.ts'
import { PassResult } from '../../jobs/pass.ts'
import type { Stage } from '../../jobs/stage.ts'
import type { WorkFile } from '../../jobs/work-files.ts'
import { PinnedObject } from '../../objects/object.ts'

/** Written by `plan-preflight-blobs`. */
const RestoreBlobPlan = z
  .object({
    /** The blob references of all passes of `preflight`. */
    lists: z.array(BlobReferenceList).readonly(),
    /**
     * The blob segments of each map item, by their index in the manifest. If the archive has no blobs, but its
     * resources refer to blobs, there is one item without segments. It determines which blobs are missing.
     */
    items: z.array(z.array(z.int()).readonly()).readonly(),
  })
  .readonly()
type RestoreBlobPlan = z.output<typeof RestoreBlobPlan>
export const RESTORE_BLOB_PLAN: WorkFile<RestoreBlobPlan> = {
  name: () => 'restore-blob-plan.json',
  content: RestoreBlobPlan,
}

/**
 * The position where a pass of `preflight-blobs` continues. `segment` is the index of a segment in the map item, and
 * `entry` is the index of an entry in that segment.
 */
export const BlobsCursor = z.object({ segment: z.int(), entry: z.int() }).readonly()
export type BlobsCursor = z.output<typeof BlobsCursor>

/**
 * The action of the restore for a blob. `new` means that the target does not have the blob. `changed` means that the
 * target has other bytes or headers, which are replaced. `same` means that the target has the same bytes and headers.
 * `conflict` means that the target has other bytes or headers, which are kept under `skip`.
 */
export const BlobAction = z.enum(['new', 'changed', 'same', 'conflict'])
export type BlobAction = z.output<typeof BlobAction>

/**
 * The part of a blob that differs between the archive and the target. `headers` includes the content type and user
 * metadata.
 */
const BlobDifference = z.enum(['bytes', 'headers'])
type BlobDifference = z.output<typeof BlobDifference>

/**
 * A blob or spilled payload to which the resources to be written refer. It contains the location in the archive and the
 * action of the restore.
 */
export const RestoredBlob = z
  .object({
    kind: z.enum(['payload', 'blob']),
    /** The file id of a blob, or the SHA-256 of a payload. */
    id: z.string(),
    /** The offset of the content from the start of the archive, in bytes. */
    offset: z.int(),
    size: z.int(),
    sha256: z.string(),
    content_type: z.exactOptional(z.string()),
    ...PROPERTY_MEMBERS,
    action: BlobAction,
    /**
     * Present for `changed` and `conflict`. It is `bytes` if the bytes differ, and `headers` if only the headers
     * differ.
     */
    differs: z.exactOptional(BlobDifference),
    /** The models whose resources refer to the blob or payload. */
    models: z.array(z.string()).readonly(),
  })
  .readonly()
export type RestoredBlob = z.output<typeof RestoredBlob>
export const BLOB_LIST: WorkFile<readonly RestoredBlob[], [n: number, attempt: string]> = {
  name: (n, attempt) => `blobs/${n}/${attempt}`,
  content: z.array(RestoredBlob).readonly(),
}

/** The result of a pass of `preflight-blobs`. */
export const PreflightBlobsResult = z
  .object({
    ...PassResult.shape,
    /** A file of `BLOB_LIST`. `apply-blobs` and `verify` have one map item for each of these lists. */
    list: PinnedObject,
    /** The number of blobs by action. Spilled payloads are not counted, because they belong to their resources. */
    actions: z.record(BlobAction, z.int()).readonly(),
    /**
     * The number of blobs whose bytes or headers differ in the target. `different_blobs` contains the first of them.
     */
    different: z.int(),
    different_blobs: z
      .array(
        z
          .object({
            id: z.string(),
            models: z.array(z.string()).readonly(),
            differs: z.exactOptional(BlobDifference),
          })
          .readonly(),
      )
      .readonly(),
    /** The number of blobs that were read from the archive, and the number of their bytes. */
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
