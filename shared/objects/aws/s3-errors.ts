import { partsSha256OfOne } from '../../values/parts-sha256.ts'

/*
 * This file contains conventions of S3 and compatible servers for errors, ETags, copies and checksums. An error is
 * recognized by its name or by its status. The name alone is not enough, because S3 sends it in the body of the
 * response, and the response to a HEAD request has no body.
 */

const statusOf = (error: unknown): number | undefined => {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined
  const { $metadata } = error
  if (typeof $metadata !== 'object' || $metadata === null || !('httpStatusCode' in $metadata)) return undefined
  return typeof $metadata.httpStatusCode === 'number' ? $metadata.httpStatusCode : undefined
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '')

export const isNotFound = (error: unknown): boolean =>
  statusOf(error) === 404 || ['NoSuchKey', 'NotFound', 'NoSuchVersion'].includes(nameOf(error))

/** Returns true if the credentials do not permit the request. */
export const isForbidden = (error: unknown): boolean => statusOf(error) === 403

/**
 * Returns true if the version id of a request may be malformed. S3 rejects a HEAD request with a malformed version id
 * with status 400. Other bad requests have the same status, so the result can be wrong.
 */
export const isInvalidVersion = (error: unknown, versionId: string | undefined): boolean =>
  versionId !== undefined && statusOf(error) === 400

/** Returns true if a condition of the request (`If-Match`, `If-None-Match`) is not met. */
export const isConditionFailed = (error: unknown): boolean =>
  statusOf(error) === 412 || nameOf(error) === 'PreconditionFailed'

/**
 * Returns true if another write or deletion of the same key is in progress, so that S3 cannot decide a condition. The
 * write must then be repeated. If it is the completion of a multipart upload, a new upload must be begun, because S3
 * does not complete this upload anymore. S3 can send this error after the status 200, so the name is tested, too.
 */
export const isConflict = (error: unknown): boolean =>
  nameOf(error) === 'ConditionalRequestConflict' || (statusOf(error) === 409 && !hasNoSuchUploadName(error))

/** Returns true if the headers or the user metadata of the request exceed a limit of S3. */
export const isHeadersTooLarge = (error: unknown): boolean =>
  ['MetadataTooLarge', 'RequestHeaderSectionTooLarge'].includes(nameOf(error))

/**
 * Returns true if the name of the error is `NoSuchUpload`. The multipart upload then does not exist or no longer
 * exists.
 */
export const hasNoSuchUploadName = (error: unknown): boolean => nameOf(error) === 'NoSuchUpload'

/**
 * Returns true if the multipart upload does not exist or no longer exists. Also returns true for any other error with
 * status 404. Therefore, call this function only for requests that cannot fail with 404 for another reason.
 */
export const isNoSuchUpload = (error: unknown): boolean => hasNoSuchUploadName(error) || statusOf(error) === 404

/**
 * Returns an ETag without the quotation marks that headers contain. ETags are stored in this form, which S3 also uses
 * in events.
 */
export const plainETag = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '')
export const quotedETag = (etag: string): string => `"${etag.replaceAll('"', '')}"`

/**
 * Returns the value of the header `x-amz-copy-source`. The value has the form `bucket/key` or, with a version id,
 * `bucket/key?versionId=…`. All characters that need it are percent-encoded, except `/`.
 */
export const copySource = (bucket: string, key: string, versionId: string | undefined): string =>
  `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}${versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`}`

/** Returns true if a server may have rejected a request because it does not support one of its parameters. */
export const isUnsupported = (error: unknown): boolean =>
  statusOf(error) === 501 || (statusOf(error) === 400 && UNSUPPORTED_NAMES.includes(nameOf(error)))

const UNSUPPORTED_NAMES = ['NotImplemented', 'InvalidRequest', 'InvalidArgument']

const SHA256 = /^[0-9a-f]{64}$/

/**
 * Returns the SHA-256 of the whole object in hex, from the checksum of a response. If S3 has computed the checksum from
 * one part, it can prove `claimed`, the SHA-256 in the user metadata. Returns undefined if the response has no SHA-256,
 * and if S3 has computed it from several parts or from a part with another SHA-256 than `claimed`. If the response does
 * not state the type of the checksum, the ETag shows whether the object has parts.
 */
export const fullSha256 = (
  {
    base64,
    type,
    etag = '',
  }: { readonly base64: string | undefined; readonly type?: string | undefined; readonly etag?: string | undefined },
  claimed: string | undefined,
): string | undefined => {
  if (base64 === undefined) return undefined
  if (claimed !== undefined && SHA256.test(claimed) && base64 === partsSha256OfOne(claimed)) return claimed
  if (type === 'COMPOSITE' || base64.includes('-')) return undefined
  if (type === undefined && etag.includes('-')) return undefined
  const bytes = Buffer.from(base64, 'base64')
  return bytes.length === 32 ? bytes.toString('hex') : undefined
}
