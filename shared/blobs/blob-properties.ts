import * as z from 'zod'
import { OBJECT_HEADERS, type ObjectHeaders } from '../objects/object-headers.ts'
import { decodeWords } from '../values/encoded-words.ts'
import { quote } from '../values/message-text.ts'
import { encodeType, parameterHeader } from './content-type.ts'

/**
 * User metadata by name. Values that are not ASCII are encoded as RFC 2047 defines, because S3 returns them in this
 * form.
 */
export type UserMetadata = Readonly<Record<string, string>>

/** The properties of a blob besides its bytes, as its writer set them. */
export interface BlobProperties {
  /** Absent if the content type is unknown. */
  readonly content_type?: string | undefined
  /**
   * Absent if the headers and user metadata of the blob are unknown, because streams and archives of earlier releases
   * do not contain them.
   */
  readonly headers?: ObjectHeaders | undefined
  /** Absent if the blob has no user metadata, or if its user metadata is unknown. */
  readonly user_metadata?: UserMetadata | undefined
}

/** S3's limit on the names and values of user metadata, in bytes. */
export const MAX_METADATA_BYTES = 2048
/** S3's limit on all headers of a request that writes an object, in bytes. */
const MAX_HEADER_BYTES = 8192

const headerValue = z
  .string()
  .regex(
    /^[!-~\u0080-\u00ff](?:[\t -~\u0080-\u00ff]*[!-~\u0080-\u00ff])?$/,
    'must be a header value: Latin-1 without control characters, not empty, and without spaces at its ends',
  )
const METADATA_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]*$/
const metadataValue = z
  .string()
  .regex(
    /^(?:[!-~](?:[\t -~]*[!-~])?)?$/,
    'must be printable ASCII without spaces at its ends; encode other characters as RFC 2047 defines',
  )

/** The schemas of `headers` and `user_metadata` in index lines and messages. */
export const PROPERTY_MEMBERS = {
  headers: z.exactOptional(
    z
      .object({
        cache_control: z.exactOptional(headerValue),
        content_disposition: z.exactOptional(headerValue),
        content_encoding: z.exactOptional(headerValue),
        content_language: z.exactOptional(headerValue),
        expires: z.exactOptional(headerValue),
      })
      .readonly(),
  ),
  user_metadata: z.exactOptional(
    z
      .record(z.string(), metadataValue)
      .superRefine((metadata, context) => {
        const wrong = Object.keys(metadata).find((name) => !METADATA_NAME.test(name))
        if (wrong === undefined) return
        const message = `the name ${quote(wrong)} is not allowed; names consist of lower-case ASCII letters, digits and !#$%&'*+-.^_\`|~`
        context.addIssue({ code: 'custom', message })
      })
      .readonly(),
  ),
}

/**
 * Returns the size of user metadata as S3 defines it, which is the number of UTF-8 bytes in all names and decoded
 * values.
 */
const decodedBytes = (metadata: UserMetadata): number =>
  Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(decodeWords(value)), 0)

/** Returns the size of user metadata in headers, which is the number of bytes in all names and encoded values. */
export const metadataBytes = (metadata: UserMetadata): number =>
  Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0)

/** If the properties are too large for S3, returns the reason. Otherwise returns undefined. Checks only sizes. */
export const explainOversize = (properties: BlobProperties): string | undefined => {
  const { content_type, headers = {}, user_metadata = {} } = properties
  const metadata = decodedBytes(user_metadata)
  if (metadata > MAX_METADATA_BYTES)
    return `user_metadata has ${metadata} bytes; at most ${MAX_METADATA_BYTES} are allowed`
  const type = encodeType(content_type)
  const typeHeader = 'header' in type ? type.header : parameterHeader(type.encoded)
  const bytes = OBJECT_HEADERS.reduce(
    (sum, name) => sum + (headers[name]?.length ?? 0),
    typeHeader.length + metadataBytes(user_metadata),
  )
  return bytes > MAX_HEADER_BYTES
    ? `content_type, headers and user_metadata have ${bytes} bytes; at most ${MAX_HEADER_BYTES} are allowed`
    : undefined
}

/**
 * Returns an object that contains only the properties of a blob. Omits undefined properties, and all other members of
 * the given object.
 */
export const propertiesOf = ({
  content_type,
  headers,
  user_metadata,
}: BlobProperties): {
  readonly content_type?: string
  readonly headers?: ObjectHeaders
  readonly user_metadata?: UserMetadata
} => ({
  ...(content_type === undefined ? {} : { content_type }),
  ...(headers === undefined ? {} : { headers }),
  ...(user_metadata === undefined ? {} : { user_metadata }),
})

/** Returns the number of characters of all headers and user metadata. */
export const propertyCharacters = ({ headers = {}, user_metadata = {} }: BlobProperties): number =>
  OBJECT_HEADERS.reduce((sum, name) => sum + (headers[name]?.length ?? 0), metadataBytes(user_metadata))
