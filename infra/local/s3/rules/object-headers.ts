import type { S3Request } from '../http/request.ts'
import { decodeWords, encodeIfNeeded } from '../../../../shared/values/encoded-words.ts'
import { S3Error } from '../http/s3-error.ts'
import { lockHeaders } from '../storage/object-lock.ts'
import type { VersioningStatus } from '../storage/records.ts'

const STORED_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'expires',
  'x-amz-storage-class',
]

const OVERRIDABLE_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]

const METADATA = 'x-amz-meta-'
/**
 * The limit of S3 for the names and values of user metadata together, in bytes. Values count as UTF-8, without the
 * encoding of RFC 2047.
 */
const LARGEST_METADATA = 2048

/**
 * Returns the headers of a write that are stored with the object and that every GET returns. Throws if the request has
 * headers of features that the service does not support (tags), or that the bucket does not support (locks).
 */
export function storedHeaders(
  { headers }: S3Request,
  versioning: VersioningStatus | undefined,
): Readonly<Record<string, string>> {
  const stored: Record<string, string> = { 'content-type': 'binary/octet-stream', ...lockHeaders(headers, versioning) }
  let size = 0
  for (const [name, value] of headers) {
    if (name === 'x-amz-tagging') {
      throw new S3Error('NotImplemented', 'The local S3 service does not store tags', { Header: name })
    }
    if (STORED_HEADERS.includes(name)) stored[name] = headerValue(name, value)
    if (!name.startsWith(METADATA)) continue
    stored[name] = metadataValue(headerValue(name, value))
    size += name.length - METADATA.length + Buffer.byteLength(decodeWords(value))
  }
  if (size > LARGEST_METADATA) {
    throw new S3Error('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size')
  }
  const encoding = contentEncoding(headers.get('content-encoding') ?? '')
  if (encoding !== '') stored['content-encoding'] = encoding
  return stored
}

/** Removes `aws-chunked` from a list of encodings, because it is the encoding of the request and not of the object. */
function contentEncoding(header: string): string {
  if (!header.includes('aws-chunked')) return header
  const encodings = header.split(',').map((encoding) => encoding.trim())
  return encodings.filter((name) => name !== '' && name !== 'aws-chunked').join(',')
}

/**
 * Returns the value of user metadata in the response to a GET. Like S3, encodes strings with characters outside ASCII
 * by RFC 2047, and decodes all other strings.
 */
function metadataValue(value: string): string {
  const decoded = decodeWords(value)
  return /^[ -~]*$/.test(decoded) ? decoded : encodeIfNeeded(value)
}

/** Returns the response headers that a GET overrides with parameters such as `response-content-disposition`. */
export function overriddenHeaders({ query }: S3Request): Readonly<Record<string, string>> {
  const overridden: Record<string, string> = {}
  for (const name of OVERRIDABLE_HEADERS) {
    const value = query.get(`response-${name}`)
    if (value !== undefined) overridden[name] = headerValue(`response-${name}`, value)
  }
  return overridden
}

function headerValue(name: string, value: string): string {
  if (/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)) return value
  throw new S3Error('InvalidArgument', 'Header value cannot be represented using ISO-8859-1.', { ArgumentName: name })
}
