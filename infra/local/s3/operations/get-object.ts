import { finished } from 'node:stream'
import { checksumHeaders, checksumTypeHeader } from '../body/checksums.ts'
import { type Call, type Operation, versionHeaders } from '../call.ts'
import { emptyReply, type Reply, type ReplyHeaders } from '../http/reply.ts'
import { noSuchKey, noSuchVersion, S3Error } from '../http/s3-error.ts'
import { isNotModified } from '../rules/conditions.ts'
import { overriddenHeaders } from '../rules/object-headers.ts'
import { parseRange } from '../rules/ranges.ts'
import { checkVersionId } from '../rules/parameters.ts'
import { slice } from '../storage/content-files.ts'
import type { HeldVersion } from '../storage/content-readers.ts'
import type { ObjectVersion } from '../storage/records.ts'

/** GetObject and HeadObject. A version that is deleted while it is being read is still returned as a whole. */
export const getObject: Operation = async (call) => {
  const held = await holdVersion(call)
  const { version } = held
  let streaming = false
  try {
    const { request, storage } = call
    const overrides = overriddenHeaders(request)
    const state = {
      etag: `"${version.etag}"`,
      'last-modified': new Date(version.modified).toUTCString(),
      ...versionHeaders(call, version.versionId),
    }
    if (isNotModified(request, version)) return emptyReply(304, state)
    const range = parseRange(request.headers.get('range'), version.size)
    const { start, end } = range ?? { start: 0, end: version.size - 1 }
    const head: Reply = {
      status: range === undefined ? 200 : 206,
      headers: {
        ...state,
        'accept-ranges': 'bytes',
        ...version.headers,
        ...overrides,
        // `content-length` must follow `content-disposition`. Otherwise, Node damages characters outside ASCII in the
        // value of `content-disposition`.
        'content-length': end + 1 - start,
        ...(range === undefined
          ? requestedChecksums(call, version)
          : { 'content-range': `bytes ${start}-${end}/${version.size}` }),
      },
    }
    if (request.method === 'HEAD') return head
    const body = storage.content.read(slice(version.segments, start, end))
    finished(body, () => {
      held.release()
    })
    streaming = true
    return { ...head, body }
  } finally {
    if (!streaming) held.release()
  }
}

/**
 * Holds the requested version for reading. Throws 404 if there is no such object or version, and 405 if the version id
 * belongs to a delete marker.
 */
async function holdVersion(call: Call): Promise<HeldVersion> {
  const { request, storage } = call
  const { bucket, key } = request
  const versionId = checkVersionId(request.query.get('versionId'))
  const found = await storage.objects.hold(bucket, key, versionId)
  if (found !== undefined && 'version' in found) return found
  if (versionId === undefined) {
    const marker = await storage.objects.currentMarker(bucket, key)
    const headers = marker && { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker.versionId }
    throw noSuchKey(key, headers)
  }
  // In a bucket without versioning, the version `null` is the object itself, so S3 reports a missing key.
  if (found === undefined && storage.buckets.get(bucket).versioning === undefined) throw noSuchKey(key)
  if (found === undefined) throw noSuchVersion(key, versionId)
  throw new S3Error(
    'MethodNotAllowed',
    'The specified method is not allowed against this resource.',
    { ResourceType: 'DeleteMarker' },
    { allow: 'DELETE', 'x-amz-delete-marker': 'true', 'x-amz-version-id': found.versionId },
  )
}

function requestedChecksums({ request }: Call, { checksums }: ObjectVersion): ReplyHeaders {
  if (request.headers.get('x-amz-checksum-mode')?.toUpperCase() !== 'ENABLED') return {}
  return { ...checksumHeaders(checksums), ...checksumTypeHeader(checksums) }
}
