import { fault, noSuchKey, preconditionFailed } from '../s3-fault.ts'
import type { Check } from '../s3-objects.ts'
import type { ObjectRecord } from '../s3-records.ts'
import type { S3Request } from '../s3-request.ts'

/*
 * If-Match, If-None-Match and their like, which s3rver ignores on writes, on copies and (If-Match) on reads.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
 */

/** Of PutObject, CompleteMultipartUpload, CopyObject (its target) and DeleteObject: 412, or 404 for If-Match on nothing. */
export function conditionOfWrite({ headers, key }: S3Request): Check {
  const ifMatch = headers.get('if-match')
  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw fault('NotImplemented', 'If-None-Match of a write can only be *', { Header: 'If-None-Match' })
  }
  return (current) => {
    if (ifNoneMatch !== undefined && current !== undefined) throw preconditionFailed('If-None-Match')
    if (ifMatch !== undefined) {
      if (current === undefined) throw noSuchKey(key)
      if (!matches(ifMatch, current)) throw preconditionFailed('If-Match')
    }
  }
}

/** Of GET and HEAD: throws 412; false is 304. */
export function conditionOfRead({ headers }: S3Request, record: ObjectRecord): boolean {
  const ifMatch = headers.get('if-match')
  const unmodifiedSince = headers.get('if-unmodified-since')
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, record)) throw preconditionFailed('If-Match')
  } else if (unmodifiedSince !== undefined && record.modified > Date.parse(unmodifiedSince)) {
    throw preconditionFailed('If-Unmodified-Since')
  }
  const ifNoneMatch = headers.get('if-none-match')
  const modifiedSince = headers.get('if-modified-since')
  if (ifNoneMatch !== undefined) return !matches(ifNoneMatch, record)
  return !(modifiedSince !== undefined && record.modified <= Date.parse(modifiedSince))
}

/** Of a copy's source: throws 412. */
export function conditionOfSource({ headers }: S3Request, source: ObjectRecord): void {
  const header = (name: string): string | undefined => headers.get(`x-amz-copy-source-${name}`)
  const ifMatch = header('if-match')
  const ifNoneMatch = header('if-none-match')
  const unmodifiedSince = header('if-unmodified-since')
  const modifiedSince = header('if-modified-since')
  const failed =
    (ifMatch !== undefined && !matches(ifMatch, source) && 'x-amz-copy-source-If-Match') ||
    (ifNoneMatch !== undefined && matches(ifNoneMatch, source) && 'x-amz-copy-source-If-None-Match') ||
    (ifMatch === undefined &&
      unmodifiedSince !== undefined &&
      source.modified > Date.parse(unmodifiedSince) &&
      'x-amz-copy-source-If-Unmodified-Since') ||
    (ifNoneMatch === undefined &&
      modifiedSince !== undefined &&
      source.modified <= Date.parse(modifiedSince) &&
      'x-amz-copy-source-If-Modified-Since')
  if (failed !== false) throw preconditionFailed(failed)
}

function matches(header: string, record: ObjectRecord): boolean {
  return header.split(',').some((tag) => {
    const bare = tag.trim().replace(/^W\//, '').replaceAll('"', '')
    return bare === '*' || bare === record.etag
  })
}
