import type { IncomingMessage } from 'node:http'
import { S3Error } from './s3-error.ts'

/** A request with its decoded path and query. Like S3, the service decodes escape sequences once. */
export interface S3Request {
  readonly method: string
  /** Empty if the request concerns the service, such as `ListBuckets`. */
  readonly bucket: string
  /** Empty if the request concerns a bucket. A key may end in a slash. */
  readonly key: string
  /** The decoded path, for example `/bucket/a b`. */
  readonly path: string
  readonly query: ReadonlyMap<string, string>
  /**
   * The headers, with names in lower case. They include the `X-Amz-…` parameters of a presigned URL that do not
   * describe its signature.
   */
  readonly headers: ReadonlyMap<string, string>
  readonly incoming: IncomingMessage
}

/** S3's limit on the length of a key, in bytes of UTF-8. */
const LONGEST_KEY_BYTES = 1024

const SIGNATURE_PARAMETERS = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
])

/** Parses path, query and headers of a request. Throws 400 if an escape sequence or the key is not valid. */
export function readRequest(incoming: IncomingMessage): S3Request {
  const [rawPath, rawQuery] = splitOnce(incoming.url ?? '/', '?')
  const path = rawPath.split('/').map(decode).join('/')
  const query = new Map<string, string>()
  for (const pair of rawQuery.split('&')) {
    if (pair === '') continue
    const [name, value] = splitOnce(pair, '=')
    query.set(decode(name), decode(value))
  }
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(',') : value)
  }
  for (const [name, value] of query) {
    if (/^x-amz-/i.test(name) && !SIGNATURE_PARAMETERS.has(name.toLowerCase())) headers.set(name.toLowerCase(), value)
  }
  const [bucket, key] = splitOnce(path.slice(1), '/')
  if (Buffer.byteLength(key) > LONGEST_KEY_BYTES) {
    throw new S3Error('KeyTooLongError', 'Your key is too long', { MaxSizeAllowed: LONGEST_KEY_BYTES })
  }
  // In the database, this character separates bucket names and keys.
  if (path.includes('\u0000')) throw new S3Error('InvalidURI', 'A key cannot contain the character U+0000.')
  return { method: incoming.method ?? 'GET', bucket, key, path, query, headers, incoming }
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error('InvalidURI', "Couldn't parse the specified URI.")
  }
}
