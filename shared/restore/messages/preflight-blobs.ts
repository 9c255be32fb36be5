import { z } from 'zod'
import { PROPERTY_MEMBERS } from '../../blobs/blob-properties.ts'
import { BlobReferenceList } from '../../blobs/blob-reference-list.ts'
import { PassResult } from '../../jobs/pass.ts'
import type { Stage } from '../../jobs/stage.ts'
import type { WorkFile } from '../../jobs/work-files.ts'
import { PinnedObject } from '../../objects/object.ts'

/** Written by `plan-preflight-blobs`. */
export const RestoreBlobPlan = z
  .object({
    /** The blob references of all passes of `preflight`. */
    lists: z.array(BlobReferenceList).readonly(),
    /**
     * The blob segments of each map item, by their index in the manifest. If the archive has no blobs but its resources
     * refer to some, the only item has no segment: it determines what is missing.
     */
    items: z.array(z.array(z.int()).readonly()).readonly(),
  })
  .readonly()
export type RestoreBlobPlan = z.output<typeof RestoreBlobPlan>
export const RESTORE_BLOB_PLAN: WorkFile<RestoreBlobPlan> = {
  name: () => 'restore-blob-plan.json',
  content: RestoreBlobPlan,
}

/** Where a pass of `preflight-blobs` continues: an entry of the segment with this index in the map item. */
export const BlobsCursor = z.object({ segment: z.int(), entry: z.int() }).readonly()
export type BlobsCursor = z.output<typeof BlobsCursor>

/**
 * What the restore does with a blob. `new`: the target does not have it. `changed`: the target has other bytes or
 * headers, which are replaced. `same`: the target has the same bytes and headers. `conflict`: the target has other bytes
 * or headers, which stay (under `skip`).
 */
export const BlobAction = z.enum(['new', 'changed', 'same', 'conflict'])
export type BlobAction = z.output<typeof BlobAction>

/** What of a blob differs between the archive and the target. `headers` includes the content type and user metadata. */
export const BlobDifference = z.enum(['bytes', 'headers'])
export type BlobDifference = z.output<typeof BlobDifference>

/**
 * A blob or spilled payload that the resources to be written refer to: its content in the archive, and what to do with
 * it.
 */
export const RestoredBlob = z
  .object({
    kind: z.enum(['payload', 'blob']),
    /** The file id of a blob, the SHA-256 of a payload. */
    id: z.string(),
    /** Of the content, from the start of the archive. */
    offset: z.int(),
    size: z.int(),
    sha256: z.string(),
    content_type: z.exactOptional(z.string()),
    ...PROPERTY_MEMBERS,
    action: BlobAction,
    /** Under `changed` and `conflict`: whether the bytes differ or only the headers. */
    differs: z.exactOptional(BlobDifference),
    /** The models whose resources refer to it. */
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
    /** The number of blobs by action. Spilled payloads do not count: they belong to their resources. */
    actions: z.record(BlobAction, z.int()).readonly(),
    /**
     * The number of blobs whose bytes or headers differ in the target, and the first of them with the models that refer to them.
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
    /** Blobs read from the archive, and their bytes. */
    blobs: z.int(),
    bytes: z.int(),
    /** The number of different blobs in the archive that each model refers to. */
    models: z.record(z.string(), z.int()).readonly(),
    /** The number of missing blobs, and the list of their ids (absent if there are none). */
    missing: z.int(),
    missing_list: z.exactOptional(PinnedObject),
  })
  .readonly()
export type PreflightBlobsResult = z.output<typeof PreflightBlobsResult>
export const PREFLIGHT_BLOBS: Stage<PreflightBlobsResult> = { name: 'preflight-blobs', result: PreflightBlobsResult }
