import { z } from 'zod'
import { UnrestorableResource } from '../jobs/unrestorable-resource.ts'
import { compressZstd } from './compression.ts'
import { MAX_LEFT_OUT_BYTES } from './limits.ts'
import { byteCount, modelName, sha256Hex } from './index-line.ts'

const MEMBERS = UnrestorableResource.unwrap().shape

/**
 * An unrestorable resource of the store, which an export left out. Its faulty item always has a key, because it is not
 * from a stream.
 */
export const UnrestorableStoredResource = z
  .object({ ...MEMBERS, model: modelName, key: MEMBERS.key.unwrap() })
  .readonly()
export type UnrestorableStoredResource = z.output<typeof UnrestorableStoredResource>

/** The entry that lists all resources that were left out, as JSON lines in one zstd frame. */
export const LEFT_OUT_NAME = 'left-out.jsonl.zst'

/** The manifest itself lists this many resources that were left out. */
export const MAX_LEFT_OUT_IN_MANIFEST = 1_000

/** `left_out` of a manifest. */
export const LeftOutSchema = z
  .object({
    count: byteCount,
    /** The first 1,000, in the order of the list. */
    resources: z.array(UnrestorableStoredResource).readonly(),
    /** The entry `left-out.jsonl.zst`. `offset` is that of its content, from the start of the archive. */
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
