/** The part of a request to S3 from which its operation follows. The path contains the bucket. */
interface ObjectRequest {
  readonly method: string
  readonly url: string
  readonly isCopy: boolean
}

/** The rows are tried in order. `query` is a parameter of the URL, and `key` says whether the path names an object. */
const OPERATIONS: readonly {
  readonly name: string
  readonly method: string
  readonly query?: string
  readonly copy?: boolean
  readonly key?: boolean
}[] = [
  { name: 'UploadPartCopy', method: 'PUT', query: 'partNumber', copy: true },
  { name: 'UploadPart', method: 'PUT', query: 'partNumber' },
  { name: 'CopyObject', method: 'PUT', copy: true, key: true },
  { name: 'PutObject', method: 'PUT', key: true },
  { name: 'CreateMultipartUpload', method: 'POST', query: 'uploads' },
  { name: 'CompleteMultipartUpload', method: 'POST', query: 'uploadId' },
  { name: 'DeleteObjects', method: 'POST', query: 'delete' },
  { name: 'AbortMultipartUpload', method: 'DELETE', query: 'uploadId' },
  { name: 'DeleteObject', method: 'DELETE', key: true },
  { name: 'ListObjectVersions', method: 'GET', query: 'versions' },
  { name: 'ListParts', method: 'GET', query: 'uploadId' },
  { name: 'GetObjectAttributes', method: 'GET', query: 'attributes' },
  { name: 'GetObject', method: 'GET', key: true },
  { name: 'ListObjectsV2', method: 'GET', query: 'list-type' },
  { name: 'HeadObject', method: 'HEAD', key: true },
]

/** Returns the name of an operation of S3. An operation that no row describes has its method as its name. */
export const objectOperation = ({ method, url, isCopy }: ObjectRequest): string => {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const hasKey = pathname.split('/').slice(2).join('/') !== ''
  return (
    OPERATIONS.find(
      (row) =>
        row.method === method &&
        (row.query === undefined || searchParams.has(row.query)) &&
        (row.copy !== true || isCopy) &&
        (row.key !== true || hasKey),
    )?.name ?? method
  )
}
