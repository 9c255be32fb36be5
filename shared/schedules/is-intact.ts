import pLimit from 'p-limit'
import type { ArchiveCatalogue } from '../catalogue/aws/archive-catalogue.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { ArchiveJudgement } from './archive-judgement.ts'
import { openScheduledArchive } from './open-scheduled-archive.ts'

/** The stores and the bucket of the archives of schedules. */
export interface IntactServices {
  readonly objects: Pick<ObjectStore, 'head' | 'sourceOf'>
  readonly catalogue: Pick<ArchiveCatalogue, 'isDamaged'>
  readonly config: { readonly buckets: { readonly archives: string } }
}

/**
 * The number of archives that are opened at the same time. A manifest can have 32 MiB, and a route has 512 MB of
 * memory.
 */
const openedAtOnce = pLimit(2)

/** The largest number of archives that the process remembers. There are usually fewer schedules. */
const MAX_KNOWN = 1_000
/**
 * The archives that this process has found to be intact, the oldest first. A page requests the status of all schedules
 * every few seconds. An object with the same ETag has the same bytes, so it need not be opened again.
 */
const known = new Set<string>()

/**
 * Returns true if the archive of a judgement exists, can be opened, is complete, and has the same manifest as when it
 * was judged, and if no check has found it damaged. Reads only the trailer and the manifest, and these only once for
 * each content of the object.
 */
export const isIntactArchive = async (
  { objects, catalogue, config }: IntactServices,
  { key, manifest_sha256 }: ArchiveJudgement,
): Promise<boolean> => {
  const found = await objects.head(config.buckets.archives, key)
  if (found === undefined || (await catalogue.isDamaged(found))) return false
  // Without its version, the object is read with the same permissions as in the hourly check.
  const { bucket, size, etag } = found
  const content = JSON.stringify([bucket, key, size, etag, manifest_sha256])
  if (known.has(content)) return true
  const opened = await openedAtOnce(() => openScheduledArchive(objects, { bucket, key, size, etag }))
  const isIntact = opened?.manifest.complete === true && opened.manifestSha256 === manifest_sha256
  if (isIntact) remember(content)
  return isIntact
}

const remember = (content: string): void => {
  for (const oldest of known) {
    if (known.size < MAX_KNOWN) break
    known.delete(oldest)
  }
  known.add(content)
}
