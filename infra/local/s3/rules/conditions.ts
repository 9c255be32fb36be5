import type { S3Request } from '../http/request.ts'
import { noSuchKey, preconditionFailed, S3Error } from '../http/s3-error.ts'
import type { ObjectVersion } from '../storage/records.ts'
import type { WriteCondition } from '../storage/versioned-objects.ts'

/* https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html */

/**
 * Returns a function that checks `If-Match` and `If-None-Match` of a write or delete. The function throws 412 if a
 * condition does not hold. If the request has `If-Match` and the object does not exist, the function throws 404.
 */
export function writeCondition({ headers, key }: S3Request): WriteCondition {
  const ifMatch = headers.get('if-match')
  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new S3Error('NotImplemented', 'If-None-Match of a write can only be *', { Header: 'If-None-Match' })
  }
  return (current) => {
    if (ifNoneMatch !== undefined && current !== undefined) throw preconditionFailed('If-None-Match')
    if (ifMatch !== undefined) {
      if (current === undefined) throw noSuchKey(key)
      if (!matches(ifMatch, current)) throw preconditionFailed('If-Match')
    }
  }
}

/**
 * Checks the conditions of GET and HEAD. Returns true if the response must be 304. Throws 412 if a condition does not
 * hold.
 */
export function isNotModified({ headers }: S3Request, version: ObjectVersion): boolean {
  const ifMatch = headers.get('if-match')
  const unmodifiedSince = headers.get('if-unmodified-since')
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version)) throw preconditionFailed('If-Match')
  } else if (unmodifiedSince !== undefined && isLater(version, unmodifiedSince)) {
    throw preconditionFailed('If-Unmodified-Since')
  }
  const ifNoneMatch = headers.get('if-none-match')
  const modifiedSince = headers.get('if-modified-since')
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, version)
  return modifiedSince !== undefined && isNotLater(version, modifiedSince)
}

/** Checks the conditions on the source of a copy. Throws 412 if a condition does not hold. */
export function checkSourceConditions({ headers }: S3Request, source: ObjectVersion): void {
  const header = (name: string): string | undefined => headers.get(`x-amz-copy-source-${name}`)
  const ifMatch = header('if-match')
  const ifNoneMatch = header('if-none-match')
  const unmodifiedSince = header('if-unmodified-since')
  const modifiedSince = header('if-modified-since')
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, source)) throw preconditionFailed('x-amz-copy-source-If-Match')
  } else if (unmodifiedSince !== undefined && isLater(source, unmodifiedSince)) {
    throw preconditionFailed('x-amz-copy-source-If-Unmodified-Since')
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, source)) throw preconditionFailed('x-amz-copy-source-If-None-Match')
  } else if (modifiedSince !== undefined && isNotLater(source, modifiedSince)) {
    throw preconditionFailed('x-amz-copy-source-If-Modified-Since')
  }
}

function matches(header: string, version: ObjectVersion): boolean {
  return header.split(',').some((tag) => {
    const bare = tag.trim().replace(/^W\//, '').replaceAll('"', '')
    return bare === '*' || bare === version.etag
  })
}

// An invalid date is parsed as NaN. Every comparison with NaN is false, so the condition is ignored.
function isLater({ modified }: ObjectVersion, date: string): boolean {
  return modified > Date.parse(date)
}

function isNotLater({ modified }: ObjectVersion, date: string): boolean {
  return modified <= Date.parse(date)
}
