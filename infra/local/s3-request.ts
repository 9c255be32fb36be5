import type { IncomingMessage } from 'node:http'
import { fault } from './s3-fault.ts'

/** A request as signatures and operations see it: path and query decoded once, by the rules of S3. */
export interface S3Request {
  readonly method: string
  /** empty for the service itself */
  readonly bucket: string
  /** empty for a bucket; may end in a slash */
  readonly key: string
  /** every path segment decoded, joined again: `/bucket/a b` */
  readonly path: string
  readonly query: ReadonlyMap<string, string>
  /** lower case; what a presigned URL carries as `X-Amz-…` parameters counts as a header */
  readonly headers: ReadonlyMap<string, string>
  readonly incoming: IncomingMessage
}

/** Reads path, query and headers. Throws 400 `InvalidURI` on a bad escape. */
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
    if (/^x-amz-/i.test(name) && !SIGNING.has(name.toLowerCase())) headers.set(name.toLowerCase(), value)
  }
  const [bucket, key] = splitOnce(path.slice(1), '/')
  return { method: incoming.method ?? 'GET', bucket, key, path, query, headers, incoming }
}

const SIGNING = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
])

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw fault('InvalidURI', "Couldn't parse the specified URI.")
  }
}
