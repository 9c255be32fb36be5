/** How S3 (and servers like it) say things: errors by name or status, ETags in quotes, checksums in base64. */

const statusOf = (error: unknown): number | undefined => {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined
  const { $metadata } = error
  if (typeof $metadata !== 'object' || $metadata === null || !('httpStatusCode' in $metadata)) return undefined
  return typeof $metadata.httpStatusCode === 'number' ? $metadata.httpStatusCode : undefined
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '')

export const isNotFound = (error: unknown): boolean =>
  statusOf(error) === 404 || ['NoSuchKey', 'NotFound', 'NoSuchVersion'].includes(nameOf(error))

/** The caller may not do this here. A HEAD says no more than the status. */
export const isForbidden = (error: unknown): boolean => statusOf(error) === 403

/** A version that cannot be one is a bad request: to a HEAD, S3 says no more than that. */
export const isBadVersion = (error: unknown, versionId: string | undefined): boolean =>
  versionId !== undefined && statusOf(error) === 400

/** A condition of the request does not hold. */
export const isConditionFailed = (error: unknown): boolean =>
  statusOf(error) === 412 || nameOf(error) === 'PreconditionFailed'

/** Two conditional writes met: S3 wants the request again. */
export const isConflict = (error: unknown): boolean => statusOf(error) === 409 && nameOf(error) !== 'NoSuchUpload'

export const isNoSuchUpload = (error: unknown): boolean => nameOf(error) === 'NoSuchUpload' || statusOf(error) === 404

/** ETags are kept without the quotes that headers have (events have none). */
export const plainETag = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '')
export const quotedETag = (etag: string): string => `"${etag.replaceAll('"', '')}"`

/** `bucket/key` as a copy's source names it: encoded, `/` kept. */
export const copySource = (bucket: string, key: string, versionId: string | undefined): string =>
  `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}${versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`}`

/** S3's SHA-256 of a whole object, in hex. A checksum of parts' checksums says nothing of the bytes. */
export const wholeSha256 = (base64: string | undefined, type: string | undefined): string | undefined => {
  if (base64 === undefined || type === 'COMPOSITE' || base64.includes('-')) return undefined
  const bytes = Buffer.from(base64, 'base64')
  return bytes.length === 32 ? bytes.toString('hex') : undefined
}
