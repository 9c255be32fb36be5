import { pMapIterable } from 'p-map'
import { type BlobReference, prefixOf, readBlobReferences } from '../blobs/blob-references.ts'
import {
  type ContentServices,
  type LargeContent,
  openContent,
  type StoredContent,
  type UnreadableContent,
} from '../compose/open-content.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import type { Limits } from '../jobs/limits.ts'
import type { PassInput } from '../jobs/messages.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { BlobPlan } from './messages.ts'

/** The stores of the blobs, of the results and of the work files. */
export interface ReadBlobsServices extends ContentServices {
  readonly jobs: JobStore
  readonly limits: Limits
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
}

/**
 * The number of blobs that are opened at the same time. Opening them one after the other would be slow, because each
 * GET request has a latency. Each blob takes less than 16 MiB of memory, because S3 copies larger blobs.
 */
const READ_AHEAD = 8

/**
 * Returns the references to the blobs and spilled payloads of a map item, in the order of an archive. Leaves out the
 * references before the position `from`.
 */
export const plannedBlobs = async (
  objects: ObjectStore,
  { lists, items }: BlobPlan,
  { job_id, n }: PassInput,
  from = '',
): Promise<BlobReference[]> => {
  const range = items[n]
  if (range === undefined) throw new Error(`the blob plan of job ${job_id} has no range ${n}`)
  const first = from === '' ? range.from : Math.max(range.from, prefixOf(from))
  const references = await readBlobReferences(objects, lists, { from: first, to: range.to })
  return references.filter(({ position }) => position >= from)
}

/**
 * Opens several blobs and spilled payloads at the same time, and yields them in the given order. If a blob is missing
 * or damaged, its `content` is `UnreadableContent`. A blob of at least `largeBlobBytes` is `LargeContent`.
 */
export const openBlobs = (
  services: ContentServices,
  references: readonly BlobReference[],
  largeBlobBytes: number,
): AsyncIterable<{ reference: BlobReference; content: StoredContent | LargeContent | UnreadableContent }> =>
  pMapIterable(
    references,
    async (reference) => ({ reference, content: await openContent(services, reference, largeBlobBytes) }),
    { concurrency: READ_AHEAD, backpressure: READ_AHEAD },
  )
