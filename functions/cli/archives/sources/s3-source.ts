import type { ObjectStore } from '../../../../shared/objects/aws/object-store.ts'
import { isForbidden } from '../../../../shared/objects/aws/s3-errors.ts'
import { ObjectChangedError } from '../../../../shared/objects/errors.ts'
import { ArchiveUnavailableError, NoSuchFileError } from '../errors.ts'
import { type ArchiveAddress, nameOfAddress } from './address.ts'
import type { OpenSource } from './source.ts'
import { resumedStream } from './resumed-stream.ts'

/** Opens an object in S3. All reads return bytes of the version that exists now. */
export const openS3Source = async (
  objects: Pick<ObjectStore, 'head' | 'sourceOf'>,
  address: Extract<ArchiveAddress, { readonly kind: 's3' }>,
): Promise<OpenSource> => {
  const { bucket, key, version_id } = address
  const name = nameOfAddress(address)
  const version = version_id === undefined ? {} : { version_id }
  const head = await objects.head(bucket, key, version).catch((error: unknown) => {
    if (!isForbidden(error)) throw error
    throw new ArchiveUnavailableError(
      `${name} may not be read (S3 returned 403); check the credentials, the policy of the bucket and its KMS key`,
      { cause: error },
    )
  })
  if (head === undefined)
    throw new NoSuchFileError(
      version_id === undefined ? `there is no object ${name}` : `there is no version ${version_id} of ${name}`,
    )
  const source = objects.sourceOf({ ...head, ...version })
  return {
    size: source.size,
    read: (start, length) => source.read(start, length),
    stream: (start, length) =>
      Promise.resolve(resumedStream(start, length, (from, bytes) => source.stream(from, bytes), isFinal)),
    close: () => Promise.resolve(),
  }
}

const isFinal = (error: unknown): boolean => error instanceof ObjectChangedError
