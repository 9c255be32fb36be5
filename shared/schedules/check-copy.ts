import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { ArchiveUnreadableError } from './errors.ts'
import { openScheduledArchive } from './open-scheduled-archive.ts'

/** The stores of archives and of their copies. */
interface CheckCopyServices {
  readonly objects: ObjectStore
  /** Accesses the bucket of the copies, which may be in another region. */
  readonly copies: ObjectStore
}

/**
 * Compares a copy with its archive: the sizes, the checksums that S3 has computed of both objects, and the manifests.
 * Returns how they differ, or undefined if they are equal. Throws `ArchiveUnreadableError` if the archive cannot be
 * opened: it is not copied then, because the copy could not be checked, and could replace a valid copy.
 */
export const findCopyFault = async (
  { objects, copies }: CheckCopyServices,
  archive: PinnedObject,
  { bucket, key }: { readonly bucket: string; readonly key: string },
): Promise<string | undefined> => {
  const original = await openScheduledArchive(objects, archive)
  if (original === undefined) throw new ArchiveUnreadableError(archive.key)
  const copy = await copies.head(bucket, key)
  if (copy === undefined) return 'the copy does not exist'
  if (copy.size !== archive.size) return `the copy has ${copy.size} bytes, and the archive has ${archive.size}`
  const checksum = (await objects.head(archive.bucket, archive.key))?.checksum_crc64
  if (checksum !== undefined && copy.checksum_crc64 !== undefined && checksum !== copy.checksum_crc64)
    return 'the checksum of the copy differs from that of the archive'
  const opened = await openScheduledArchive(copies, copy)
  if (opened?.manifestSha256 !== original.manifestSha256) return 'the manifest of the copy cannot be read or differs'
  return undefined
}
