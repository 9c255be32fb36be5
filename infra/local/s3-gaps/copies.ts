import { createHash } from 'node:crypto'
import { answerXml, checkOf, type Call, type Operation } from '../s3-call.ts'
import { slice } from '../s3-content.ts'
import { fault, noSuchKey, noSuchUpload } from '../s3-fault.ts'
import { metadataOf } from '../s3-metadata.ts'
import type { Held } from '../s3-objects.ts'
import type { Checksums, ChecksumName, Segment } from '../s3-records.ts'
import { isoTime, xml } from '../s3-xml.ts'
import { checksumElements, checksumName, digestOf } from './checksums.ts'
import { conditionOfSource } from './conditions.ts'
import { partNumberOf } from './multipart.ts'
import { copyRangeOf } from './ranges.ts'
import { onlyVersion } from './versions.ts'

/*
 * CopyObject and UploadPartCopy with the conditions on their source, of one state of it. Bytes are not copied but
 * linked: files never change. What a checksum needs is read as a stream.
 */

const LARGEST_COPY = 5 * 1024 ** 3

export const copyObject: Operation = async (call) => {
  const { request, objects } = call
  const { bucket, key, headers } = request
  const check = checkOf(call)
  const source = holdSource(call)
  try {
    const { record } = source.held
    const replace = headers.get('x-amz-metadata-directive')?.toUpperCase() === 'REPLACE'
    if (source.bucket === bucket && source.key === key && !replace) {
      throw fault(
        'InvalidRequest',
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata",
      )
    }
    if (record.size > LARGEST_COPY) {
      throw fault('InvalidRequest', 'The specified copy source is larger than the maximum allowable size: 5368709120')
    }
    const metadata = replace ? metadataOf(request) : record.headers
    const algorithm = headers.get('x-amz-checksum-algorithm')
    const name = algorithm === undefined ? undefined : checksumName(algorithm)
    const checksums =
      name === undefined || record.checksums[name] !== undefined
        ? record.checksums
        : (await hashed(call, record.segments, name)).checksums
    const segments = await objects.content.share(record.segments)
    const object = { size: record.size, etag: record.etag, headers: metadata, segments, checksums }
    const copy = await objects.put(bucket, key, object, check)
    call.created(bucket, key, copy, 'CopyObject')
    answerXml(
      call,
      xml('CopyObjectResult', {
        LastModified: isoTime(copy.modified),
        ETag: `"${copy.etag}"`,
        ...checksumElements(checksums),
      }),
    )
  } finally {
    source.held.release()
  }
}

export const uploadPartCopy: Operation = async (call) => {
  const { request, objects } = call
  const uploadId = request.query.get('uploadId') ?? ''
  const number = partNumberOf(request.query.get('partNumber'))
  const upload = objects.findUpload(request.bucket, request.key, uploadId)
  if (upload === undefined) throw noSuchUpload(uploadId)
  const { held } = holdSource(call)
  try {
    const { record } = held
    const range = copyRangeOf(request.headers.get('x-amz-copy-source-range'), record.size)
    const size = range === undefined ? record.size : range.end + 1 - range.start
    if (size > LARGEST_COPY) throw fault('InvalidRequest', 'The specified copy range is larger than 5368709120 bytes')
    const wanted = range === undefined ? record.segments : slice(record.segments, range.start, range.end)
    const { md5, checksums } = await hashed(call, wanted, upload.algorithm)
    const segments = await objects.content.share(wanted)
    const part = { number, size, etag: md5, modified: Date.now(), segments, checksums }
    if (!(await objects.putPart(uploadId, part))) throw noSuchUpload(uploadId)
    answerXml(
      call,
      xml('CopyPartResult', {
        LastModified: isoTime(part.modified),
        ETag: `"${md5}"`,
        ...checksumElements(checksums),
      }),
    )
  } finally {
    held.release()
  }
}

/** The object that `x-amz-copy-source` names: `bucket/key`, escaped, perhaps with a slash before it. */
function holdSource({ request, objects }: Call): { bucket: string; key: string; held: Held } {
  const [path = '', query = ''] = (request.headers.get('x-amz-copy-source') ?? '').split('?', 2)
  onlyVersion(new URLSearchParams(query).get('versionId'))
  const match = /^\/?([^/]+)\/(.+)$/s.exec(path)
  const [bucket, key] = [unescaped(match?.[1]), unescaped(match?.[2])]
  if (bucket === undefined || key === undefined) {
    throw fault('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey', {
      ArgumentName: 'x-amz-copy-source',
    })
  }
  const held = objects.hold(bucket, key)
  if (held === undefined) throw noSuchKey(key)
  try {
    conditionOfSource(request, held.record)
  } catch (error) {
    held.release()
    throw error
  }
  return { bucket, key, held }
}

function unescaped(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    return undefined
  }
}

async function hashed(
  { objects }: Call,
  segments: readonly Segment[],
  name: ChecksumName | undefined,
): Promise<{ md5: string; checksums: Checksums }> {
  const md5 = createHash('md5')
  const digest = name === undefined ? undefined : await digestOf(name)
  for await (const piece of objects.content.read(segments) as AsyncIterable<Buffer>) {
    md5.update(piece)
    digest?.update(piece)
  }
  const checksums = name === undefined || digest === undefined ? {} : { [name]: digest.base64() }
  return { md5: md5.digest('hex'), checksums }
}
