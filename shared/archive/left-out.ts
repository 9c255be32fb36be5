import { z } from 'zod'
import { compressZstd } from './compression.ts'
import { MAX_LEFT_OUT_BYTES } from './limits.ts'
import { byteCount, modelName, sha256Hex } from './index-line.ts'

/** A resource of the store that an export left out, because it could not be restored. */
export const LeftOutResource = z
  .object({
    model: modelName,
    /** Empty if the item contains none. */
    resource_id: z.string(),
    /** The key of the item that has the fault: the metadata, or a revision. */
    key: z.object({ pk: z.string(), sk: z.string() }).readonly(),
    reason: z.string(),
  })
  .readonly()
export type LeftOutResource = z.output<typeof LeftOutResource>

/** The entry that lists all resources that were left out, as JSON lines in one zstd frame. */
export const LEFT_OUT_NAME = 'left-out.jsonl.zst'

/** The manifest itself lists this many resources that were left out. */
export const MAX_LEFT_OUT_IN_MANIFEST = 1_000

/** `left_out` of a manifest. */
export const LeftOutSchema = z
  .object({
    count: byteCount,
    /** The first 1,000, in the order of the list. */
    resources: z.array(LeftOutResource).readonly(),
    /** The entry `left-out.jsonl.zst`. `offset` is that of its content, from the start of the archive. */
    list: z.object({ offset: byteCount, size: byteCount, sha256: sha256Hex, unpacked_size: byteCount }).readonly(),
  })
  .readonly()
export type LeftOut = z.output<typeof LeftOutSchema>

/** Encodes the content of the entry `left-out.jsonl.zst`. Throws `RangeError` if it exceeds 32 MiB. */
export const encodeLeftOut = async (
  resources: readonly LeftOutResource[],
): Promise<{ readonly content: Buffer; readonly unpacked_size: number }> => {
  const lines = Buffer.from(resources.map((resource) => `${JSON.stringify(resource)}\n`).join(''))
  const content = await compressZstd(lines)
  if (content.length > MAX_LEFT_OUT_BYTES)
    throw new RangeError(
      `${LEFT_OUT_NAME} lists ${resources.length} resources in ${content.length} bytes; at most ${MAX_LEFT_OUT_BYTES} are allowed`,
    )
  return { content, unpacked_size: lines.length }
}
