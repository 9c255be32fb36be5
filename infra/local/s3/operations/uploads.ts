import { checksumHeaders, parseChecksumName, requestedChecksums } from '../body/checksums.ts'
import { receiveBody } from '../body/receive-body.ts'
import type { Operation } from '../call.ts'
import { emptyReply, xmlReply } from '../http/reply.ts'
import { noSuchUpload, S3Error } from '../http/s3-error.ts'
import { storedHeaders } from '../rules/object-headers.ts'
import { partNumberOf } from '../rules/parameters.ts'

export const createMultipartUpload: Operation = async ({ request, storage }) => {
  const { bucket, key, headers } = request
  const algorithm = headers.get('x-amz-checksum-algorithm')
  if (headers.get('x-amz-checksum-type')?.toUpperCase() === 'FULL_OBJECT') {
    throw new S3Error('NotImplemented', 'The local S3 service only computes composite checksums of multipart uploads', {
      Header: 'x-amz-checksum-type',
    })
  }
  const uploadId = await storage.uploads.create({
    bucket,
    key,
    started: Date.now(),
    headers: storedHeaders(request, storage.buckets.get(request.bucket).versioning),
    ...(algorithm !== undefined && { algorithm: parseChecksumName(algorithm) }),
  })
  return xmlReply(
    'InitiateMultipartUploadResult',
    { Bucket: bucket, Key: key, UploadId: uploadId },
    algorithm === undefined ? {} : { 'x-amz-checksum-algorithm': algorithm },
  )
}

export const uploadPart: Operation = async ({ request, signer, storage }) => {
  const uploadId = request.query.get('uploadId') ?? ''
  const number = partNumberOf(request)
  const upload = storage.uploads.find(request.bucket, request.key, uploadId)
  if (upload === undefined) throw noSuchUpload(uploadId)
  const { algorithm } = upload
  const requested = requestedChecksums(request.headers)
  if (algorithm !== undefined && requested.size > 0 && !requested.has(algorithm)) {
    throw new S3Error(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${algorithm}, actual checksum Type: ${[...requested].join()}`,
    )
  }
  const { segment, md5, checksums } = await receiveBody(request, signer, storage.content, algorithm)
  const part = { number, size: segment.length, etag: md5, modified: Date.now(), segments: [segment], checksums }
  if (!(await storage.uploads.putPart(uploadId, part))) throw noSuchUpload(uploadId)
  return emptyReply(200, { etag: `"${md5}"`, ...checksumHeaders(checksums) })
}

export const abortMultipartUpload: Operation = async ({ request, storage }) => {
  const { bucket, key } = request
  const uploadId = request.query.get('uploadId') ?? ''
  const isKnown = storage.uploads.find(bucket, key, uploadId) !== undefined
  if (!isKnown || !(await storage.uploads.abort(uploadId))) throw noSuchUpload(uploadId)
  return emptyReply(204)
}
