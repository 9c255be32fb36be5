import type { S3Request } from '../http/request.ts'
import { decodeWords, encodeIfNeeded } from '../../../../shared/values/encoded-words.ts'
import { S3Error } from '../http/s3-error.ts'

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
/** AWS: names and values of user metadata together have at most 2 KB, as UTF-8 and without the encoding of RFC 2047. */
const LARGEST_METADATA = 2048

/**
 * The headers of a write that are stored with the object and returned by every GET.
 * Headers for features that the service does not have (tags, object lock) are rejected.
 */
export function storedHeaders({ headers }: S3Request): Readonly<Record<string, string>> {
  const stored: Record<string, string> = { 'content-type': 'binary/octet-stream' }
  let size = 0
  for (const [name, value] of headers) {
    if (name.startsWith('x-amz-object-lock-')) {
      throw new S3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration', { Header: name })
    }
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

/** Removes aws-chunked, which describes the transfer and not the object. */
function contentEncoding(header: string): string {
  if (!header.includes('aws-chunked')) return header
  const encodings = header.split(',').map((encoding) => encoding.trim())
  return encodings.filter((name) => name !== '' && name !== 'aws-chunked').join(',')
}

/**
 * The value of user metadata that a GET returns, as on AWS: text outside ASCII as encoded words of RFC 2047, and other
 * text without such an encoding.
 */
export function metadataValue(value: string): string {
  const decoded = decodeWords(value)
  return /^[ -~]*$/.test(decoded) ? decoded : encodeIfNeeded(value)
}

/** Response headers that a signed GET requests with parameters such as `response-content-disposition`. */
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
