import type { StoredObject } from '../objects/aws/stored-object.ts'

/** What S3 gives an object that was put without a type: it stands for «unknown». */
const UNKNOWN = 'binary/octet-stream'
/** Stands in for a type that a header cannot carry; the type itself is in the metadata. */
const UNSPEAKABLE = 'application/octet-stream'
/** A header loses surrounding spaces and everything beyond ASCII. */
const FITS_A_HEADER = /^[!-~](?:[ -~]*[!-~])?$/

/** The object's content type, and what its metadata must say where a header cannot carry the type. */
export const typeFields = (
  contentType: string | undefined,
): { readonly contentType: string; readonly metadata: Readonly<Record<string, string>> } => {
  if (contentType === undefined || contentType === '') return { contentType: UNKNOWN, metadata: {} }
  if (FITS_A_HEADER.test(contentType) && contentType !== UNKNOWN) return { contentType, metadata: {} }
  return { contentType: UNSPEAKABLE, metadata: { type: encodeURIComponent(contentType) } }
}

/** The content type of a stored blob; undefined where it is unknown. */
export const typeOf = ({ content_type, metadata }: StoredObject): string | undefined => {
  const said = metadata['type']
  if (said !== undefined && content_type === UNSPEAKABLE) return decodeURIComponent(said)
  return content_type === UNKNOWN ? undefined : content_type
}
