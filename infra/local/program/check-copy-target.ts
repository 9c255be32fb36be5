import { HeadBucketCommand, NotFound, type S3Client } from '@aws-sdk/client-s3'
import { type Config, ConfigError } from '../../../shared/runtime/config.ts'

/**
 * Checks the bucket to which the archives of schedules are copied. Throws `ConfigError` if it does not exist, or if it
 * is a bucket of the program itself.
 */
export const checkCopyTarget = async (
  client: S3Client,
  { buckets, copy_archives_to: target }: Pick<Config, 'buckets' | 'copy_archives_to'>,
): Promise<void> => {
  if (target === undefined) return
  const { bucket } = target
  if (Object.values(buckets).includes(bucket))
    throw new ConfigError(
      `COPY_ARCHIVES_TO: the bucket must not be ${bucket}, because the program uses it itself; ` +
        'set the name of another bucket',
    )
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }))
  } catch (error) {
    if (!(error instanceof NotFound)) throw error
    throw new ConfigError(
      `COPY_ARCHIVES_TO: the bucket ${bucket} does not exist; start the program without COPY_ARCHIVES_TO and create ` +
        'the bucket, or set the name of an existing bucket',
    )
  }
}
