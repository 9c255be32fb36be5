import { isDeepStrictEqual } from 'node:util'
import type { StoredObject, WriteOptions } from '../objects/aws/stored-object.ts'
import { presentHeaders } from '../objects/object-headers.ts'
import { encodeIfNeeded } from '../values/encoded-words.ts'
import {
  type BlobProperties,
  metadataBytes,
  explainOversize,
  MAX_METADATA_BYTES,
  type UserMetadata,
} from './blob-properties.ts'
import {
  decodeType,
  encodeType,
  looksLikeParameterHeader,
  parameterHeader,
  REPLACEMENT,
  typeOfHeader,
  typeOfParameter,
} from './content-type.ts'

/*
 * Stores the properties of a blob with its object, and reads them. An object has two kinds of user metadata. The client
 * that wrote the blob may have defined entries of its own. This program adds the entries `sha256` and `size`, and the
 * entry `type` if a header cannot contain the content type. STORE.md contains the rules that distinguish the two kinds.
 * The rules are the same for all releases.
 */

/** The properties of a stored blob. */
export interface StoredProperties {
  /** Absent if the content type is unknown. */
  readonly content_type?: string
  readonly headers: NonNullable<BlobProperties['headers']>
  /** The user metadata without the entries that this program added. */
  readonly user_metadata: UserMetadata
  /** The value of the entry `sha256` that this program added, in hex. Absent if there is no such entry. */
  readonly sha256?: string
  /** The reason why an archive cannot contain these properties. Absent if an archive can contain them. */
  readonly fault?: string
}

type StoredFields = Pick<StoredObject, 'content_type' | 'headers' | 'metadata' | 'missing_metadata' | 'size'>

/**
 * Returns the SHA-256 in the user metadata of an object if this program wrote it. Otherwise returns undefined. This
 * program always writes `sha256` together with `size`, so `size` must be the size of the object in bytes.
 */
export const ownSha256 = (metadata: UserMetadata, size: number): string | undefined => {
  const { sha256 } = metadata
  return sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) && metadata['size'] === size.toString()
    ? sha256
    : undefined
}

/** Reads the properties of a stored blob. */
export const readProperties = (stored: StoredFields): StoredProperties => {
  const sha256 = ownSha256(stored.metadata, stored.size)
  const encoded = sha256 === undefined || stored.content_type !== REPLACEMENT ? undefined : stored.metadata['type']
  const ownType = encoded === undefined ? undefined : decodeType(encoded)
  const isOwn = (name: string): boolean =>
    (sha256 !== undefined && (name === 'sha256' || name === 'size')) || (ownType !== undefined && name === 'type')
  const content_type =
    ownType ?? (sha256 === undefined ? parameterType(stored) : undefined) ?? typeOfHeader(stored.content_type)
  const properties = {
    ...(content_type === undefined ? {} : { content_type }),
    headers: presentHeaders({ ...stored.headers, content_encoding: storedEncoding(stored.headers.content_encoding) }),
    user_metadata: Object.fromEntries(
      Object.entries(stored.metadata)
        .filter(([name]) => !isOwn(name))
        .map(([name, value]) => [name, encodeIfNeeded(value)]),
    ),
  }
  const fault =
    stored.missing_metadata > 0
      ? `S3 cannot return ${stored.missing_metadata} entries of its user metadata`
      : explainOversize(properties)
  return {
    ...properties,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(fault === undefined ? {} : { fault }),
  }
}

/** Any SHA-256. All of them have the same length. */
const ANY_SHA256 = '0'.repeat(64)

/**
 * Returns the content type in the parameter `specstar-type` of a stored blob without user metadata of this program.
 * Returns undefined if this program would not store this type as a parameter. The parameter then belongs to the writer.
 */
const parameterType = ({ content_type: header, metadata, size }: StoredFields): string | undefined => {
  const content_type = typeOfParameter(header)
  if (content_type === undefined) return undefined
  const user_metadata = Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name, encodeIfNeeded(value)]),
  )
  return completeFields({ content_type, user_metadata }, ANY_SHA256, size) === undefined ? content_type : undefined
}

/**
 * Returns the fields with which a blob is stored. In the following cases, this program adds no entries to the user
 * metadata:
 * - `user_metadata` already has an entry with one of the names.
 * - All user metadata together would have more than 2 KB.
 * - `readProperties` would return other properties.
 *
 * A content type that the header cannot contain is then encoded as a parameter of the header.
 */
export const writeProperties = (properties: BlobProperties, sha256: string, size: number): WriteOptions => {
  const { content_type, headers = {}, user_metadata = {} } = properties
  const common = { headers: presentHeaders({ ...headers, content_encoding: storedEncoding(headers.content_encoding) }) }
  const complete = completeFields(properties, sha256, size)
  if (complete !== undefined) return { ...common, ...complete }
  const type = encodeType(content_type)
  return {
    ...common,
    contentType: 'header' in type ? type.header : parameterHeader(type.encoded),
    metadata: user_metadata,
  }
}

/**
 * Returns the content type and the user metadata of a blob, including the user metadata of this program. Returns
 * undefined if the user metadata of this program must be left out.
 */
const completeFields = (
  { content_type, user_metadata = {} }: BlobProperties,
  sha256: string,
  size: number,
): { readonly contentType: string; readonly metadata: UserMetadata } | undefined => {
  // With user metadata of this program, a parameter `specstar-type` always belongs to the writer.
  const type = looksLikeParameterHeader(content_type) ? { header: content_type } : encodeType(content_type)
  const own = { sha256, size: size.toString(), ...('encoded' in type ? { type: type.encoded } : {}) }
  const complete = {
    contentType: 'header' in type ? type.header : REPLACEMENT,
    metadata: { ...user_metadata, ...own },
  }
  const fits = metadataBytes(complete.metadata) <= MAX_METADATA_BYTES
  return fits && readsBack(complete, { content_type, user_metadata }, size) ? complete : undefined
}

/**
 * Returns true if `readProperties` returns these properties for the stored fields. It returns other user metadata if
 * `user_metadata` already has an entry with the name of an entry of this program.
 */
const readsBack = (
  { contentType, metadata }: { readonly contentType: string; readonly metadata: UserMetadata },
  { content_type = '', user_metadata = {} }: BlobProperties,
  size: number,
): boolean => {
  const read = readProperties({ content_type: contentType, headers: {}, metadata, missing_metadata: 0, size })
  return (read.content_type ?? '') === content_type && isDeepStrictEqual(read.user_metadata, user_metadata)
}

/**
 * Returns a `Content-Encoding` header without `aws-chunked`. This encoding describes the transfer of an upload, not the
 * object, so S3 does not store it.
 */
export const storedEncoding = (header: string | undefined): string | undefined => {
  if (header === undefined || !header.toLowerCase().includes('aws-chunked')) return header
  const encodings = header.split(',').map((encoding) => encoding.trim())
  return encodings.filter((encoding) => encoding.toLowerCase() !== 'aws-chunked').join(',')
}
