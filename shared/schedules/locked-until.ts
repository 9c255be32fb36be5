import type { ObjectStore } from '../objects/aws/object-store.ts'

/** An object in S3. */
interface ObjectKey {
  readonly bucket: string
  readonly key: string
}

/**
 * Returns the time until which S3 Object Lock protects an object from deletion, as ISO 8601. Returns undefined if the
 * object is not locked at `now`, or does not exist.
 */
export const lockedUntil = async (
  objects: Pick<ObjectStore, 'head'>,
  { bucket, key }: ObjectKey,
  now: Date,
): Promise<string | undefined> => {
  const until = (await objects.head(bucket, key))?.locked_until
  return until !== undefined && Date.parse(until) > now.getTime() ? until : undefined
}

/** Returns the reason to keep a locked object. */
export const lockReason = (until: string): string => `is locked until ${until} (S3 Object Lock)`
