import * as z from 'zod'

/** The location of a blob or spilled payload in a stream. */
export const ContentLocation = z
  .object({
    /** The file id of a blob, or the SHA-256 of a payload. */
    id: z.string(),
    sha256: z.string(),
    /** The offset of the first byte in the stream. */
    offset: z.int(),
    size: z.int(),
    content_type: z.exactOptional(z.string()),
    /** The model whose section contains the blob. Absent for a payload. */
    model: z.exactOptional(z.string()),
  })
  .readonly()
export type ContentLocation = z.output<typeof ContentLocation>

export const encodeLocation = (location: ContentLocation): Buffer => Buffer.from(JSON.stringify(location))

export const decodeLocation = (bytes: Buffer): ContentLocation => ContentLocation.parse(JSON.parse(bytes.toString()))
