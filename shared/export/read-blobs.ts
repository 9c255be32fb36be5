import { pMapIterable } from 'p-map'
import { type BlobReference, readBlobReferences } from '../blobs/blob-references.ts'
import { type ContentStores, openContent, type StoredContent } from '../compose/open-content.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import type { Limits } from '../jobs/limits.ts'
import type { PassInput } from '../jobs/messages.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { BLOB_PLAN } from './messages.ts'

/** The stores that an export of blobs uses. */
export interface BlobsStores extends ContentStores {
  readonly jobs: JobStore
  readonly limits: Limits
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
}

/** Blobs that are opened ahead, to hide the latency of a GET. Each holds less than 16 MiB. */
const READ_AHEAD = 8

/** The blobs and spilled payloads that a map item exports, in the order of an archive. */
export const plannedBlobs = async (
  { objects, workFiles }: Pick<BlobsStores, 'objects' | 'workFiles'>,
  { job_id, n }: PassInput,
): Promise<BlobReference[]> => {
  const { lists, items } = await workFiles.read(BLOB_PLAN, job_id)
  const range = items[n]
  if (range === undefined) throw new Error(`the blob plan of job ${job_id} has no range ${n}`)
  return readBlobReferences(objects, lists, range)
}

/** Opens blobs in order, a few of them ahead. `content` is `undefined` if a blob is missing or damaged. */
export const openBlobs = (
  stores: ContentStores,
  references: readonly BlobReference[],
): AsyncIterable<{ reference: BlobReference; content: StoredContent | undefined }> =>
  pMapIterable(references, async (reference) => ({ reference, content: await openContent(stores, reference) }), {
    concurrency: READ_AHEAD,
    backpressure: READ_AHEAD,
  })
