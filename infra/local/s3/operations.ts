import type { Operation } from './call.ts'
import type { S3Request } from './http/request.ts'
import { S3Error } from './http/s3-error.ts'
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  getBucketNotification,
  getBucketVersioning,
  headBucket,
  listBuckets,
  putBucketNotification,
  putBucketVersioning,
} from './operations/buckets.ts'
import { completeMultipartUpload } from './operations/complete-upload.ts'
import { copyObject, uploadPartCopy } from './operations/copies.ts'
import { deleteObject, deleteObjects } from './operations/delete-objects.ts'
import { getObject } from './operations/get-object.ts'
import { listObjectVersions } from './operations/list-object-versions.ts'
import { listObjects } from './operations/list-objects.ts'
import { putObject } from './operations/put-object.ts'
import { listMultipartUploads, listParts } from './operations/upload-lists.ts'
import { abortMultipartUpload, createMultipartUpload, uploadPart } from './operations/uploads.ts'

/** One operation, and the properties of its requests. */
interface Row {
  readonly name: string
  /** `bucket` if the path contains only a bucket, `object` if it also contains a key, and otherwise `service`. */
  readonly on: 'service' | 'bucket' | 'object'
  readonly method: string
  /** A parameter that the request must contain. */
  readonly parameter?: string
  /** A header that the request must contain. */
  readonly header?: string
  /** Other parameters that the operation reads. */
  readonly reads?: readonly (string | RegExp)[]
  /** The operation creates the bucket, so the bucket need not exist. */
  readonly createsBucket?: true
  readonly run: Operation
}

const PAGE = ['prefix', 'delimiter', 'max-keys', 'encoding-type', 'fetch-owner']
const OBJECT = ['versionId', /^response-/]
const COPY = 'x-amz-copy-source'

/** A request runs the operation of the first row that matches. To add an operation, add a row and its function. */
const TABLE: readonly Row[] = [
  { name: 'ListBuckets', on: 'service', method: 'GET', run: listBuckets },

  { name: 'GetBucketLocation', on: 'bucket', method: 'GET', parameter: 'location', run: getBucketLocation },
  { name: 'GetBucketVersioning', on: 'bucket', method: 'GET', parameter: 'versioning', run: getBucketVersioning },
  {
    name: 'GetBucketNotificationConfiguration',
    on: 'bucket',
    method: 'GET',
    parameter: 'notification',
    run: getBucketNotification,
  },
  {
    name: 'ListObjectVersions',
    on: 'bucket',
    method: 'GET',
    parameter: 'versions',
    reads: [...PAGE, 'key-marker', 'version-id-marker'],
    run: listObjectVersions,
  },
  {
    name: 'ListMultipartUploads',
    on: 'bucket',
    method: 'GET',
    parameter: 'uploads',
    reads: [...PAGE, 'key-marker', 'upload-id-marker', 'max-uploads'],
    run: listMultipartUploads,
  },
  {
    name: 'ListObjectsV2',
    on: 'bucket',
    method: 'GET',
    parameter: 'list-type',
    reads: [...PAGE, 'continuation-token', 'start-after'],
    run: listObjects,
  },
  { name: 'ListObjects', on: 'bucket', method: 'GET', reads: [...PAGE, 'marker'], run: listObjects },
  { name: 'HeadBucket', on: 'bucket', method: 'HEAD', run: headBucket },
  { name: 'PutBucketVersioning', on: 'bucket', method: 'PUT', parameter: 'versioning', run: putBucketVersioning },
  {
    name: 'PutBucketNotificationConfiguration',
    on: 'bucket',
    method: 'PUT',
    parameter: 'notification',
    run: putBucketNotification,
  },
  { name: 'CreateBucket', on: 'bucket', method: 'PUT', createsBucket: true, run: createBucket },
  { name: 'DeleteObjects', on: 'bucket', method: 'POST', parameter: 'delete', run: deleteObjects },
  { name: 'DeleteBucket', on: 'bucket', method: 'DELETE', run: deleteBucket },

  {
    name: 'ListParts',
    on: 'object',
    method: 'GET',
    parameter: 'uploadId',
    reads: ['max-parts', 'part-number-marker', 'encoding-type'],
    run: listParts,
  },
  { name: 'GetObject', on: 'object', method: 'GET', reads: OBJECT, run: getObject },
  { name: 'HeadObject', on: 'object', method: 'HEAD', reads: OBJECT, run: getObject },
  {
    name: 'UploadPartCopy',
    on: 'object',
    method: 'PUT',
    parameter: 'uploadId',
    header: COPY,
    reads: ['partNumber'],
    run: uploadPartCopy,
  },
  { name: 'UploadPart', on: 'object', method: 'PUT', parameter: 'uploadId', reads: ['partNumber'], run: uploadPart },
  { name: 'CopyObject', on: 'object', method: 'PUT', header: COPY, run: copyObject },
  { name: 'PutObject', on: 'object', method: 'PUT', run: putObject },
  { name: 'CreateMultipartUpload', on: 'object', method: 'POST', parameter: 'uploads', run: createMultipartUpload },
  {
    name: 'CompleteMultipartUpload',
    on: 'object',
    method: 'POST',
    parameter: 'uploadId',
    run: completeMultipartUpload,
  },
  { name: 'AbortMultipartUpload', on: 'object', method: 'DELETE', parameter: 'uploadId', run: abortMultipartUpload },
  { name: 'DeleteObject', on: 'object', method: 'DELETE', reads: ['versionId'], run: deleteObject },
]

/**
 * Returns the operation of a request. Throws 501 if no operation matches, or if the operation does not read one of the
 * parameters: ignoring a parameter could lead to a wrong result.
 */
export function findOperation(request: S3Request): Pick<Row, 'name' | 'createsBucket' | 'run'> {
  const on = request.bucket === '' ? 'service' : request.key === '' ? 'bucket' : 'object'
  const row = TABLE.find(
    ({ on: target, method, parameter, header }) =>
      target === on &&
      method === request.method &&
      (parameter === undefined || request.query.has(parameter)) &&
      (header === undefined || request.headers.has(header)),
  )
  const unknown = [...request.query.keys()].find((name) => row === undefined || !reads(row, name))
  if (row !== undefined && unknown === undefined) return row
  throw new S3Error('NotImplemented', 'A method or parameter you provided is not implemented by the local S3 service', {
    Method: request.method,
    ...(unknown !== undefined && { Parameter: unknown }),
  })
}

function reads({ parameter, reads = [] }: Row, name: string): boolean {
  // Every request may contain `x-id` (the name of the operation), which SDKs add, and the parameters of presigned URLs.
  if (name === parameter || name === 'x-id' || /^x-amz-/i.test(name)) return true
  return reads.some((known) => (typeof known === 'string' ? known === name : known.test(name)))
}
