import * as z from 'zod'
import { BlobPathList } from '../resources/blob-paths.ts'
import { byteCount, idHashHex, modelName, sha256Hex } from './index-line.ts'
import { LeftOutSchema } from './left-out.ts'
import { MAX_MANIFEST_BYTES } from './limits.ts'
import type { SegmentSummary } from './segment-writer.ts'

const time = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)

const SegmentSchema = z.object({
  offset: byteCount,
  size: byteCount,
  model: modelName.optional(),
  first_h: idHashHex.optional(),
  last_h: idHashHex.optional(),
  frame_sha256: sha256Hex,
  unpacked_size: byteCount,
  index: z.object({ offset: byteCount, size: byteCount, sha256: sha256Hex, unpacked_size: byteCount }).readonly(),
})

/** The schema of `manifest.json`. Unknown keys are ignored. */
export const ManifestSchema = z.object({
  format: z.literal('acbak'),
  version: z.literal(3),
  job_id: z.string(),
  created_at: time,
  source: z.object({ deployment: z.string(), region: z.string() }).readonly(),
  scope: z.object({ models: z.array(modelName).readonly(), filters: z.record(z.string(), z.unknown()) }).readonly(),
  started_at: time,
  next_since: time,
  complete: z.boolean(),
  missing_blobs: z.array(z.string()).readonly(),
  /** Absent if no resources were left out. If it is present, `complete` is false. */
  left_out: z.exactOptional(LeftOutSchema),
  models: z.record(
    modelName,
    z
      .object({
        resources: byteCount,
        revisions: byteCount,
        blobs: byteCount,
        digest: sha256Hex,
        /**
         * The paths at which payloads contain references to blobs. Absent if references are recognized by their shape.
         */
        blob_paths: z.exactOptional(BlobPathList),
      })
      .readonly(),
  ),
  blobs: z.object({ count: byteCount, bytes: byteCount }).readonly(),
  segments: z.array(SegmentSchema.readonly()).readonly(),
})

export type Manifest = Readonly<z.infer<typeof ManifestSchema>>
/** The description of a segment in the manifest. All offsets are from the start of the archive. */
export type ManifestSegment = Manifest['segments'][number]

/** Returns the manifest's description of a segment that begins at byte `offset` of the archive. */
export const toManifestSegment = (summary: SegmentSummary, offset: number): ManifestSegment => ({
  offset,
  ...summary,
  index: { ...summary.index, offset: offset + summary.index.offset },
})

/** Encodes `manifest.json`. Throws `RangeError` if the result is larger than 32 MiB. */
export const encodeManifest = (manifest: Manifest): Buffer => {
  const bytes = Buffer.from(JSON.stringify(manifest))
  if (bytes.length > MAX_MANIFEST_BYTES)
    throw new RangeError(`the manifest has ${bytes.length} bytes; at most ${MAX_MANIFEST_BYTES} are allowed`)
  return bytes
}
