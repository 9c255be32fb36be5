import { createHash } from 'node:crypto'
import { checksumElements, createDigest, parseChecksumName } from '../body/checksums.ts'
import { type Call, type Operation, versionHeaders } from '../call.ts'
import { type ReplyHeaders, xmlReply } from '../http/reply.ts'
import type { S3Request } from '../http/request.ts'
import { noSuchKey, noSuchUpload, noSuchVersion, S3Error } from '../http/s3-error.ts'
import { isoTime } from '../http/xml.ts'
import { checkSourceConditions, writeCondition } from '../rules/conditions.ts'
import { storedHeaders } from '../rules/object-headers.ts'
import { checkVersionId, partNumberOf } from '../rules/parameters.ts'
import { parseCopyRange } from '../rules/ranges.ts'
import { slice } from '../storage/content-files.ts'
import { lockHeaders, withoutLock } from '../storage/object-lock.ts'
import type { HeldVersion } from '../storage/content-readers.ts'
import type { Checksums, ChecksumName, Segment } from '../storage/records.ts'
import { buffersOf } from '../../../../shared/values/buffers-of.ts'

/*
 * CopyObject and UploadPartCopy. A copy checks its conditions on the same version of the source from which it copies.
 * Because files never change, a copy links to the files of the source. The bytes are read only to compute checksums.
 */

/** S3's limit on the number of bytes that one request copies. */
const LARGEST_COPY = 5 * 1024 ** 3

export const copyObject: Operation = async (call) => {
  const { request, storage } = call
  const { bucket, key, headers } = request
  const condition = writeCondition(request)
  const source = await holdSource(call)
  try {
    const { version } = source.held
    const { versioning } = storage.buckets.get(bucket)
    const replaceHeaders = headers.get('x-amz-metadata-directive')?.toUpperCase() === 'REPLACE'
    if (source.bucket === bucket && source.key === key && source.versionId === undefined && !replaceHeaders) {
      throw new S3Error(
        'InvalidRequest',
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata",
      )
    }
    if (version.size > LARGEST_COPY) {
      throw new S3Error(
        'InvalidRequest',
        'The specified copy source is larger than the maximum allowable size: 5368709120',
      )
    }
    const algorithm = headers.get('x-amz-checksum-algorithm')
    const name = algorithm === undefined ? undefined : parseChecksumName(algorithm)
    const checksums =
      name === undefined || version.checksums[name] !== undefined
        ? version.checksums
        : (await digest(call, version.segments, name)).checksums
    const object = {
      size: version.size,
      etag: version.etag,
      headers: replaceHeaders
        ? storedHeaders(request, versioning)
        : { ...withoutLock(version.headers), ...lockHeaders(headers, versioning) },
      segments: await storage.content.share(version.segments),
      checksums,
    }
    const copy = await storage.objects.put(bucket, key, object, condition)
    call.onCreated(bucket, key, copy, 'CopyObject')
    return xmlReply('CopyObjectResult', copyResult(copy.modified, copy.etag, checksums), {
      ...versionHeaders(call, copy.versionId),
      ...sourceVersionHeader(call, source),
    })
  } finally {
    source.held.release()
  }
}

export const uploadPartCopy: Operation = async (call) => {
  const { request, storage } = call
  const uploadId = request.query.get('uploadId') ?? ''
  const number = partNumberOf(request)
  const upload = storage.uploads.find(request.bucket, request.key, uploadId)
  if (upload === undefined) throw noSuchUpload(uploadId)
  const source = await holdSource(call)
  try {
    const { version } = source.held
    const range = parseCopyRange(request.headers.get('x-amz-copy-source-range'), version.size)
    const size = range === undefined ? version.size : range.end + 1 - range.start
    if (size > LARGEST_COPY) {
      throw new S3Error('InvalidRequest', 'The specified copy range is larger than 5368709120 bytes')
    }
    const wanted = range === undefined ? version.segments : slice(version.segments, range.start, range.end)
    const { md5, checksums } = await digest(call, wanted, upload.algorithm)
    const segments = await storage.content.share(wanted)
    const part = { number, size, etag: md5, modified: Date.now(), segments, checksums }
    if (!(await storage.uploads.putPart(uploadId, part))) throw noSuchUpload(uploadId)
    return xmlReply('CopyPartResult', copyResult(part.modified, md5, checksums), sourceVersionHeader(call, source))
  } finally {
    source.held.release()
  }
}

interface Source {
  readonly bucket: string
  readonly key: string
  readonly versionId: string | undefined
  readonly held: HeldVersion
}

/** Holds the version in the header `x-amz-copy-source` for reading, and checks the conditions on this version. */
async function holdSource({ request, storage }: Call): Promise<Source> {
  const { bucket, key, versionId } = parseSource(request)
  storage.buckets.get(bucket)
  const found = await storage.objects.hold(bucket, key, versionId)
  if (found === undefined) throw versionId === undefined ? noSuchKey(key) : noSuchVersion(key, versionId)
  if (!('version' in found)) {
    throw new S3Error(
      'InvalidRequest',
      'The source of a copy request may not specifically refer to a delete marker by version id.',
    )
  }
  try {
    checkSourceConditions(request, found.version)
  } catch (error) {
    found.release()
    throw error
  }
  return { bucket, key, versionId, held: found }
}

/** Parses `x-amz-copy-source`. Its format is `bucket/key?versionId=…`, URL-encoded, optionally with a leading slash. */
function parseSource({ headers }: S3Request): Omit<Source, 'held'> {
  const [path = '', query = ''] = (headers.get('x-amz-copy-source') ?? '').split('?', 2)
  const match = /^\/?([^/]+)\/(.+)$/s.exec(path)
  const [bucket, key] = [unescape(match?.[1]), unescape(match?.[2])]
  if (bucket === undefined || key === undefined) {
    throw new S3Error('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey', {
      ArgumentName: 'x-amz-copy-source',
    })
  }
  return { bucket, key, versionId: checkVersionId(new URLSearchParams(query).get('versionId') ?? undefined) }
}

function unescape(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    return undefined
  }
}

async function digest(
  { storage }: Call,
  segments: readonly Segment[],
  name: ChecksumName | undefined,
): Promise<{ md5: string; checksums: Checksums }> {
  const md5 = createHash('md5')
  const checksum = name === undefined ? undefined : await createDigest(name)
  for await (const piece of buffersOf(storage.content.read(segments))) {
    md5.update(piece)
    checksum?.update(piece)
  }
  const checksums = name === undefined || checksum === undefined ? {} : { [name]: checksum.base64() }
  return { md5: md5.digest('hex'), checksums }
}

function copyResult(modified: number, etag: string, checksums: Checksums): Readonly<Record<string, unknown>> {
  return { LastModified: isoTime(modified), ETag: `"${etag}"`, ...checksumElements(checksums) }
}

function sourceVersionHeader({ storage }: Call, { bucket, held }: Source): ReplyHeaders {
  if (storage.buckets.get(bucket).versioning === undefined) return {}
  return { 'x-amz-copy-source-version-id': held.version.versionId }
}
