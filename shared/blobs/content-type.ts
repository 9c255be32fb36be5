import type { StoredObject } from '../objects/aws/stored-object.ts'

/** S3 assigns this type to an object without one, so here it means that the type is unknown. */
const UNKNOWN = 'binary/octet-stream'
/** Replaces a type that an HTTP header cannot carry; the user metadata `type` then contains the type. */
const REPLACEMENT = 'application/octet-stream'
/** HTTP headers carry ASCII only, and lose spaces at the start and the end. */
const HEADER_VALUE = /^[!-~](?:[ -~]*[!-~])?$/

/** Header and user metadata that store a content type. Rules: `shared/resources/STORE.md`. */
export const contentTypeFields = (
  contentType: string | undefined,
): { readonly contentType: string; readonly metadata: Readonly<Record<string, string>> } => {
  if (contentType === undefined || contentType === '') return { contentType: UNKNOWN, metadata: {} }
  if (HEADER_VALUE.test(contentType) && contentType !== UNKNOWN) return { contentType, metadata: {} }
  return { contentType: REPLACEMENT, metadata: { type: encodeURIComponent(contentType) } }
}

/** The content type of a stored blob. Undefined if it is unknown. */
export const contentTypeOf = ({ content_type, metadata }: StoredObject): string | undefined => {
  const encoded = metadata['type']
  if (encoded !== undefined && content_type === REPLACEMENT) return decodeURIComponent(encoded)
  return content_type === UNKNOWN ? undefined : content_type
}
