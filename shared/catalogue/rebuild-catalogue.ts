import pMap from 'p-map'
import { isArchiveDefect } from '../archive/archive-defect.ts'
import { openArchive } from '../archive/open.ts'
import { isSpecStarStream, STREAM_HEAD_BYTES } from '../archive/specstar-stream.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { errorMessage } from '../values/error-message.ts'
import { ARCHIVE_PREFIXES, jobIdIn } from './archive-key.ts'
import type { ArchiveCatalogue } from './aws/archive-catalogue.ts'
import type { ListEntry } from './aws/archive-lists.ts'
import {
  archiveOfExport,
  archiveOfManifest,
  CataloguedArchive,
  isSameVersion,
  type ObjectVersion,
} from './catalogued-archive.ts'
import { OtherBucketError } from './errors.ts'

/** The stores that are needed to rebuild the catalogue. */
export interface RebuildServices {
  readonly jobs: Pick<JobStore, 'get'>
  readonly objects: Pick<ObjectStore, 'list' | 'head' | 'sourceOf'>
  readonly catalogue: Pick<ArchiveCatalogue, 'search' | 'get' | 'known' | 'put' | 'unlist' | 'entries' | 'removeEntry'>
  readonly config: { readonly buckets: { readonly archives: string } }
}

/** The progress and the result of a rebuild. */
export interface RebuildCounts {
  /** The number of archives that were read and are in the catalogue now. */
  readonly archives: number
  /** The number of archives in the bucket that could not be read. */
  readonly unreadable: number
  /** The number of archives in the bucket that are not listed, because their exports were cancelled or have failed. */
  readonly unfinished: number
  /** The number of archives that the catalogue no longer lists, because they do not exist or are unfinished. */
  readonly removed: number
}

interface RebuildOptions {
  /** Called after each batch of archives. */
  readonly onProgress: (counts: RebuildCounts) => void
  /** Called for each object that cannot be read as an archive, or that is not listed for another reason. */
  readonly onNotListed: (key: string, reason: string) => void
}

/** The number of archives that are read at the same time. A manifest can have 32 MiB. */
const READ_AT_ONCE = 8
/** The number of archives that are looked up at the same time. */
const LOOKED_UP_AT_ONCE = 32
/** The number of archives after which the progress is reported. */
const BATCH = 200

/** An object that is not added to the catalogue. */
class NotListed {
  readonly counter: 'unreadable' | 'unfinished'
  readonly reason: string

  constructor(counter: NotListed['counter'], reason: string) {
    this.counter = counter
    this.reason = reason
  }
}

/**
 * Rebuilds the catalogue from the archives in the archive bucket. Reads the manifest of each archive with range
 * requests, and adds the archive. Keeps the last check and the last proof of archives that the catalogue already
 * contains. Then removes archives that do not exist. Exports and restores may run at the same time. A rebuild that was
 * interrupted can be started again.
 *
 * A stream of SpecStar has no manifest, so it is added from its job, as long as the job exists. If an archive cannot be
 * read, the catalogue keeps what it contains about this version.
 *
 * If an export is cancelled or fails after its archive was composed, the object stays in the bucket. It is not listed,
 * because its job has no archive.
 *
 * Throws `OtherBucketError` if the catalogue contains archives of another bucket, because then the bucket or the table
 * is probably wrong, and the catalogue would lose these archives.
 */
export const rebuildCatalogue = async (
  services: RebuildServices,
  { onProgress, onNotListed }: RebuildOptions,
): Promise<RebuildCounts> => {
  await checkBucket(services)
  const counts = { archives: 0, unreadable: 0, unfinished: 0, removed: 0 }
  for (const prefix of ARCHIVE_PREFIXES)
    for await (const objects of batches(archiveObjects(services, prefix))) {
      await pMap(
        objects,
        async ({ key }) => {
          const added = await addArchive(services, key)
          if (added === undefined) return
          if (!(added instanceof NotListed)) {
            counts.archives++
            return
          }
          counts[added.counter]++
          onNotListed(key, added.reason)
        },
        { concurrency: READ_AT_ONCE },
      )
      onProgress({ ...counts })
    }
  for await (const entries of batches(services.catalogue.entries())) {
    const removed = await pMap(entries, (entry) => removeUnlessArchive(services, entry), {
      concurrency: LOOKED_UP_AT_ONCE,
    })
    counts.removed += removed.filter(Boolean).length
    onProgress({ ...counts })
  }
  return counts
}

const checkBucket = async ({ catalogue, config }: RebuildServices): Promise<void> => {
  for await (const { archives } of catalogue.search({}, 1)) {
    const [newest] = archives
    if (newest === undefined) continue
    const { bucket } = newest.archive
    if (bucket === config.buckets.archives) return
    throw new OtherBucketError(bucket, config.buckets.archives)
  }
}

async function* archiveObjects({ objects, config }: RebuildServices, prefix: string): AsyncGenerator<PinnedObject> {
  for await (const object of objects.list(config.buckets.archives, prefix))
    if (object.key.endsWith('.acbak')) yield object
}

async function* batches<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item[]> {
  let batch: Item[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Adds an archive to the catalogue. Returns undefined if it was deleted in the meantime. */
const addArchive = async (
  services: RebuildServices,
  key: string,
): Promise<CataloguedArchive | NotListed | undefined> => {
  const { objects, catalogue, config } = services
  const head = await objects.head(config.buckets.archives, key)
  if (head === undefined) return undefined
  const ending = await endingWithoutArchive(services, key)
  if (ending !== undefined) return new NotListed('unfinished', ending)
  const read = await readArchive(services, head)
  if (!(read instanceof NotListed)) {
    await catalogue.put(read)
    return read
  }
  const known = await catalogue.known(key)
  // A stream whose job was deleted is not described by anything else than the catalogue.
  if (known?.format !== 'specstar' || !isSameVersion(known, head)) return read
  // The stream may have been deleted and restored, so that it is no longer listed.
  await catalogue.put(CataloguedArchive.parse(known))
  return known
}

/**
 * Returns how the export of an archive has ended, if it was cancelled or has failed. Such an export never gets an
 * archive. An export that is running may succeed, and a table that was restored from a backup may contain an earlier
 * status.
 */
const endingWithoutArchive = async (
  { jobs }: Pick<RebuildServices, 'jobs'>,
  key: string,
): Promise<string | undefined> => {
  const job = await jobs.get(jobIdIn(key) ?? '')
  if (job?.kind !== 'export' || !['cancelled', 'failed'].includes(job.status)) return undefined
  return `export ${job.job_id} ${job.status === 'failed' ? 'has failed' : 'was cancelled'}, so it has no archive`
}

const readArchive = async (services: RebuildServices, object: PinnedObject): Promise<CataloguedArchive | NotListed> => {
  const source = services.objects.sourceOf(object)
  try {
    if (isSpecStarStream(await source.read(0, Math.min(STREAM_HEAD_BYTES, source.size))))
      return await streamOfJob(services, object)
    const { manifest } = await openArchive(source, { requiresTrailer: true })
    return archiveOfManifest(object, manifest)
  } catch (error) {
    if (isArchiveDefect(error)) return new NotListed('unreadable', errorMessage(error))
    throw error
  }
}

/** Returns the stream that an export has written, as its job describes it. */
const streamOfJob = async (
  { jobs }: Pick<RebuildServices, 'jobs'>,
  object: ObjectVersion,
): Promise<CataloguedArchive | NotListed> => {
  const job = await jobs.get(jobIdIn(object.key) ?? '')
  if (job?.kind === 'export') {
    const stream = archiveOfExport(job, job.created_at)
    if (stream !== undefined && isSameVersion(stream, object)) return stream
  }
  return new NotListed('unreadable', 'it is a stream of SpecStar, which has no manifest, and its job does not exist')
}

/**
 * Removes an entry whose archive does not exist, exists only in another version than the catalogue describes, or belongs
 * to an export that was cancelled or has failed. Returns true if it was removed.
 */
const removeUnlessArchive = async (services: RebuildServices, entry: ListEntry): Promise<boolean> => {
  const { objects, catalogue, config } = services
  // The catalogue is read first. If another process stores another version of the archive after the object was looked
  // up, the condition of `unlist` is then false.
  const known = await catalogue.get(entry.key)
  const head = await objects.head(config.buckets.archives, entry.key)
  if (known === undefined) {
    // A process ended between two writes, or an export is just adding its archive.
    if (head !== undefined) return false
    await catalogue.removeEntry(entry)
    return true
  }
  const exists = head !== undefined && isSameVersion(known, head)
  if (exists && (await endingWithoutArchive(services, entry.key)) === undefined) return false
  return catalogue.unlist(known, new Date())
}
