/*
 * The conventions of S3 and compatible servers: which errors mean what, quoted ETags, sources of copies, and checksums.
 * Errors are recognized by their name or, because the answer to a HEAD has no body, by their status.
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

/** The credentials do not permit the request. */
export const isForbidden = (error: unknown): boolean => statusOf(error) === 403

/** A HEAD for a version id of the wrong form is answered with 400, like any other bad request. */
export const isInvalidVersion = (error: unknown, versionId: string | undefined): boolean =>
  versionId !== undefined && statusOf(error) === 400

/** A condition of the request (`If-Match`, `If-None-Match`) does not hold. */
export const isConditionFailed = (error: unknown): boolean =>
  statusOf(error) === 412 || nameOf(error) === 'PreconditionFailed'

/** Another conditional write of the same key is in progress. S3 requires that the request be repeated. */
export const isConflict = (error: unknown): boolean => statusOf(error) === 409 && !isNamedNoSuchUpload(error)

/** The multipart upload does not exist (any more), by the error's name. */
export const isNamedNoSuchUpload = (error: unknown): boolean => nameOf(error) === 'NoSuchUpload'

/** The multipart upload does not exist (any more), for requests where nothing else can be missing. */
export const isNoSuchUpload = (error: unknown): boolean => isNamedNoSuchUpload(error) || statusOf(error) === 404

/** ETags are stored without the quotation marks that they have in headers, as S3's events contain them. */
export const plainETag = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '')
export const quotedETag = (etag: string): string => `"${etag.replaceAll('"', '')}"`

/**
 * The `x-amz-copy-source` header: `bucket/key`, percent-encoded except for `/`, with the version id if there is one.
 */
export const copySource = (bucket: string, key: string, versionId: string | undefined): string =>
  `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}${versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`}`

/**
 * The SHA-256 that S3 has computed over the whole object, in hex. Undefined if there is none, or only a composite one,
 * which is computed over the checksums of parts.
 */
export const fullSha256 = (base64: string | undefined, type: string | undefined): string | undefined => {
  if (base64 === undefined || type === 'COMPOSITE' || base64.includes('-')) return undefined
  const bytes = Buffer.from(base64, 'base64')
  return bytes.length === 32 ? bytes.toString('hex') : undefined
}
