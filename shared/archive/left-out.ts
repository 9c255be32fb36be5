import * as z from 'zod'
import { UnrestorableResource } from '../jobs/unrestorable-resource.ts'
import { compressZstd } from './compression.ts'
import { MAX_LEFT_OUT_BYTES } from './limits.ts'
import { byteCount, modelName, sha256Hex } from './index-line.ts'

const MEMBERS = UnrestorableResource.unwrap().shape

/**
 * A resource of the store that an export left out, because it cannot be restored. `key` is always present, because the
 * resource does not come from a stream.
 */
export const UnrestorableStoredResource = z
  .object({ ...MEMBERS, model: modelName, key: MEMBERS.key.unwrap() })
  .readonly()
export type UnrestorableStoredResource = z.output<typeof UnrestorableStoredResource>

/** The entry that lists all resources that were left out, as JSON lines in one zstd frame. */
export const LEFT_OUT_NAME = 'left-out.jsonl.zst'

/** The largest number of left-out resources that the manifest itself lists. */
export const MAX_LEFT_OUT_IN_MANIFEST = 1_000

/** `left_out` of a manifest. */
export const LeftOutSchema = z
  .object({
    count: byteCount,
    /** The first 1,000 resources of the list. */
    resources: z.array(UnrestorableStoredResource).readonly(),
    /**
     * The location of the entry `left-out.jsonl.zst`. `offset` is the offset of its content from the start of the
     * archive.
     */
    list: z.object({ offset: byteCount, size: byteCount, sha256: sha256Hex, unpacked_size: byteCount }).readonly(),
  })
  .readonly()
export type LeftOut = z.output<typeof LeftOutSchema>

/** Encodes the content of the entry `left-out.jsonl.zst`. Throws `RangeError` if it exceeds 32 MiB. */
export const encodeLeftOut = async (
  resources: readonly UnrestorableStoredResource[],
): Promise<{ readonly content: Buffer; readonly unpacked_size: number }> => {
  const lines = Buffer.from(resources.map((resource) => `${JSON.stringify(resource)}\n`).join(''))
  const content = await compressZstd(lines)
  if (content.length > MAX_LEFT_OUT_BYTES)
    throw new RangeError(
      `${LEFT_OUT_NAME} lists ${resources.length} resources in ${content.length} bytes; at most ${MAX_LEFT_OUT_BYTES} are allowed`,
    )
  return { content, unpacked_size: lines.length }
}
