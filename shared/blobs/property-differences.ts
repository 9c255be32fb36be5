import { OBJECT_HEADERS } from '../objects/object-headers.ts'
import { decodeWords } from '../values/encoded-words.ts'
import type { BlobProperties } from './blob-properties.ts'
import { storedEncoding, type StoredProperties } from './stored-properties.ts'

/** A property whose values in the archive and in the store differ. A value is undefined if the property is absent. */
export interface PropertyDifference {
  /** The name of the header, for example `cache-control` or `x-amz-meta-owner`. */
  readonly name: string
  readonly archived: string | undefined
  readonly stored: string | undefined
}

/**
 * Compares the archived properties of a blob with the stored properties. Archives of earlier releases and converted
 * streams do not contain headers and user metadata. For these archives, only the content type is compared, and only if
 * it is known.
 */
export const propertyDifferences = (archived: BlobProperties, stored: StoredProperties): PropertyDifference[] => {
  const differences: PropertyDifference[] = []
  const compare = (name: string, inArchive: string | undefined, inStore: string | undefined): void => {
    if (inArchive !== inStore) differences.push({ name, archived: inArchive, stored: inStore })
  }
  const { headers, user_metadata = {} } = archived
  const content_type = archived.content_type === '' ? undefined : archived.content_type
  if (content_type !== undefined || headers !== undefined) compare('content-type', content_type, stored.content_type)
  if (headers === undefined) return differences
  for (const name of OBJECT_HEADERS) {
    const value = name === 'content_encoding' ? storedEncoding(headers[name]) || undefined : headers[name]
    compare(name.replace('_', '-'), value, stored.headers[name])
  }
  for (const name of new Set([...Object.keys(user_metadata), ...Object.keys(stored.user_metadata)].sort()))
    compare(`x-amz-meta-${name}`, decoded(user_metadata[name]), decoded(stored.user_metadata[name]))
  if (stored.fault !== undefined) differences.push({ name: 'x-amz-meta', archived: undefined, stored: stored.fault })
  return differences
}

/** Returns the decoded value, because servers may encode the same value in different ways. */
const decoded = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : decodeWords(value)
