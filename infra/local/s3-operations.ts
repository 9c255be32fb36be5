import { answerEmpty, answerXml, type Operation } from './s3-call.ts'
import { fault } from './s3-fault.ts'
import { copyObject, uploadPartCopy } from './s3-gaps/copies.ts'
import { deleteObject, deleteObjects } from './s3-gaps/deletes.ts'
import { listObjects } from './s3-gaps/lists.ts'
import { listMultipartUploads, listParts } from './s3-gaps/multipart-lists.ts'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from './s3-gaps/multipart.ts'
import { putObject } from './s3-gaps/puts.ts'
import { getObject } from './s3-gaps/reads.ts'
import type { S3Request } from './s3-request.ts'
import { xml } from './s3-xml.ts'

const headBucket: Operation = async (call) => {
  call.context.set('x-amz-bucket-region', 'us-east-1')
  answerEmpty(call, 200)
  await Promise.resolve()
}

/** No versions, said in the way of a bucket that never had any. */
const getVersioning: Operation = async (call) => {
  answerXml(call, xml('VersioningConfiguration', {}))
  await Promise.resolve()
}

/** Parameters that an operation knows; another one is refused, for ignoring it would give a wrong answer. */
const READ = ['versionId', /^response-/]
const PART = ['uploadId', 'partNumber']
const LIST = ['list-type', 'prefix', 'delimiter', 'max-keys', 'continuation-token', 'start-after', 'marker']
const NAMES = ['encoding-type', 'fetch-owner']

interface Row {
  readonly method: string
  /** which parameter, or header, tells it from others of its method */
  readonly by?: string
  readonly copy?: boolean
  readonly parameters: readonly (string | RegExp)[]
  readonly operation: Operation
}

const OF_OBJECTS: readonly Row[] = [
  {
    method: 'GET',
    by: 'uploadId',
    parameters: ['uploadId', 'max-parts', 'part-number-marker', ...NAMES],
    operation: listParts,
  },
  { method: 'GET', parameters: READ, operation: getObject },
  { method: 'HEAD', parameters: READ, operation: getObject },
  { method: 'PUT', by: 'uploadId', copy: true, parameters: PART, operation: uploadPartCopy },
  { method: 'PUT', by: 'uploadId', parameters: PART, operation: uploadPart },
  { method: 'PUT', copy: true, parameters: [], operation: copyObject },
  { method: 'PUT', parameters: [], operation: putObject },
  { method: 'POST', by: 'uploads', parameters: ['uploads'], operation: createMultipartUpload },
  { method: 'POST', by: 'uploadId', parameters: ['uploadId'], operation: completeMultipartUpload },
  { method: 'DELETE', by: 'uploadId', parameters: ['uploadId'], operation: abortMultipartUpload },
  { method: 'DELETE', parameters: ['versionId'], operation: deleteObject },
]

const OF_BUCKETS: readonly Row[] = [
  {
    method: 'GET',
    by: 'uploads',
    parameters: ['uploads', 'prefix', 'key-marker', 'upload-id-marker', 'max-uploads', ...NAMES],
    operation: listMultipartUploads,
  },
  { method: 'GET', by: 'versioning', parameters: ['versioning'], operation: getVersioning },
  { method: 'GET', parameters: [...LIST, ...NAMES], operation: listObjects },
  { method: 'HEAD', parameters: [], operation: headBucket },
  { method: 'POST', by: 'delete', parameters: ['delete'], operation: deleteObjects },
]

/**
 * The operation that a request asks for. Undefined for those that s3rver does well: creating and deleting buckets,
 * their location, and refusing what it has not. Throws 501 for what nobody here does.
 */
export function operationOf(request: S3Request): Operation | undefined {
  if (request.bucket === '') return undefined
  const rows = request.key === '' ? OF_BUCKETS : OF_OBJECTS
  const copying = request.headers.has('x-amz-copy-source')
  const row = rows.find(
    ({ method, by, copy }) =>
      method === request.method && (by === undefined || request.query.has(by)) && (copy !== true || copying),
  )
  const unknown = [...request.query.keys()].find((name) => !isKnown(name, row?.parameters ?? []))
  if (row !== undefined && unknown === undefined) return row.operation
  if (request.key === '' && request.method !== 'POST') return undefined
  throw fault('NotImplemented', 'A parameter or method you provided implies functionality that is not implemented', {
    Method: request.method,
    Parameter: unknown ?? '',
  })
}

function isKnown(name: string, parameters: readonly (string | RegExp)[]): boolean {
  // x-id is the SDK's name of the operation
  if (name === 'x-id' || /^x-amz-/i.test(name)) return true
  return parameters.some((known) => (typeof known === 'string' ? known === name : known.test(name)))
}
