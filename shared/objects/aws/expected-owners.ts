import type { S3Client } from '@aws-sdk/client-s3'
import { hasHeaders } from './expires-header.ts'

/** The account ids of the owners of buckets, by bucket. */
export type BucketOwners = ReadonlyMap<string, string>

/**
 * Makes a client send the expected owner in every request to one of these buckets, and in every copy from one of them.
 * S3 rejects the request with 403 if the bucket belongs to another account. Without this check, somebody else could
 * create a bucket with the name of a deleted bucket and supply archives.
 */
export const expectOwners = (client: S3Client, owners: BucketOwners): void => {
  if (owners.size === 0) return
  client.middlewareStack.add(
    (next) => async (args) => {
      const { Bucket, CopySource }: Readonly<Record<string, unknown>> = { ...args.input }
      if (hasHeaders(args.request)) {
        const [target, source] = [ownerOf(owners, Bucket), ownerOf(owners, CopySource)]
        if (target !== undefined) args.request.headers['x-amz-expected-bucket-owner'] = target
        if (source !== undefined) args.request.headers['x-amz-source-expected-bucket-owner'] = source
      }
      return next(args)
    },
    { step: 'build', name: 'expectOwners', override: true },
  )
}

/** Returns the expected owner of a bucket, or of the bucket in a copy source, which has the form `bucket/key`. */
const ownerOf = (owners: BucketOwners, name: unknown): string | undefined =>
  typeof name === 'string' ? owners.get(name.split('/', 1)[0] ?? '') : undefined
