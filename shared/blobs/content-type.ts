import type { StoredObject } from '../objects/aws/stored-object.ts'

/** S3 assigns this type if a request states no content type. In the blob bucket, it means that the type is unknown. */
const UNKNOWN = 'binary/octet-stream'
/**
 * The `Content-Type` header of a blob whose type cannot be stored in the header. The user metadata `type` then contains
 * the type, percent-encoded.
 */
const REPLACEMENT = 'application/octet-stream'
/**
 * Matches printable ASCII without spaces at the ends. HTTP headers cannot contain other characters or keep such spaces.
 */
const HEADER_VALUE = /^[!-~](?:[ -~]*[!-~])?$/

/**
 * Returns the `Content-Type` header and the user metadata with which a blob's content type is stored. An empty type is
 * stored as unknown. `shared/resources/STORE.md` lists the rules.
 */
export const contentTypeFields = (
  contentType: string | undefined,
): { readonly contentType: string; readonly metadata: Readonly<Record<string, string>> } => {
  if (contentType === undefined || contentType === '') return { contentType: UNKNOWN, metadata: {} }
  if (HEADER_VALUE.test(contentType) && contentType !== UNKNOWN) return { contentType, metadata: {} }
  return { contentType: REPLACEMENT, metadata: { type: encodeURIComponent(contentType) } }
}

/** Returns the content type of a stored blob, or undefined if the type is unknown. */
export const contentTypeOf = ({ content_type, metadata }: StoredObject): string | undefined => {
  const encoded = metadata['type']
  if (encoded !== undefined && content_type === REPLACEMENT) return decodeURIComponent(encoded)
  return content_type === UNKNOWN ? undefined : content_type
}
