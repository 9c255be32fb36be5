import type { S3Request } from '../http/request.ts'
import { S3Error } from '../http/s3-error.ts'

/** The id of the only account of the local S3 service. It owns all buckets. */
export const ACCOUNT = '000000000000'

const EXPECTED_OWNERS = ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner']

/** Throws 403 if the request expects another owner of its bucket, or of the bucket from which it copies. */
export function checkBucketOwner({ headers, query }: S3Request): void {
  for (const name of EXPECTED_OWNERS) {
    const expected = headers.get(name) ?? query.get(name)
    if (expected !== undefined && expected !== ACCOUNT) throw new S3Error('AccessDenied', 'Access Denied')
  }
}
