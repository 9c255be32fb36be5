import { z } from 'zod'

/** A blob or spilled payload of a stream, and where its bytes are. */
export const ContentLocation = z
  .object({
    /** The file id of a blob, the SHA-256 of a payload. */
    id: z.string(),
    sha256: z.string(),
    /** Of the first byte in the stream. */
    offset: z.int(),
    size: z.int(),
    content_type: z.exactOptional(z.string()),
  })
  .readonly()
export type ContentLocation = z.output<typeof ContentLocation>

export const encodeLocation = (location: ContentLocation): Buffer => Buffer.from(JSON.stringify(location))

export const decodeLocation = (bytes: Buffer): ContentLocation => ContentLocation.parse(JSON.parse(bytes.toString()))
