import { pMapIterable } from 'p-map'
import { readBlobReferences, type BlobReference } from '../blobs/blob-references.ts'
import type { PassInput } from '../jobs/messages.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Services } from '../runtime/services.ts'
import type { BlobPlan } from './plan-blobs.ts'
import { openStored, type StoredBytes } from '../compose/stored-content.ts'
import { workKey } from './work-keys.ts'

/** Small blobs are read ahead, to hide the latency of a GET; eight of under 16 MiB bound the memory. */
const READ_AHEAD = 8

/** A run of blobs of one model's section. */
export interface BlobsPiece {
  readonly object: PinnedObject
  readonly model: string
}

/** What one child is to write, in the order of an archive. */
export const wantedBlobs = async (
  { objects, config }: Services,
  { job_id, n }: PassInput,
): Promise<BlobReference[]> => {
  const plan = await objects.getJson<BlobPlan>(config.buckets.work, workKey.blobPlan(job_id))
  const range = plan?.items[n]
  if (plan === undefined || range === undefined) throw new Error(`job ${job_id} has no blob range ${n}`)
  return readBlobReferences(objects, plan.lists, range)
}

/** Opens blobs a few ahead of the one that is written, in order. */
export const readAhead = (
  services: Services,
  wanted: readonly BlobReference[],
): AsyncIterable<{ seen: BlobReference; stored: StoredBytes | undefined }> =>
  pMapIterable(wanted, async (seen) => ({ seen, stored: await openStored(services, seen) }), {
    concurrency: READ_AHEAD,
    backpressure: READ_AHEAD,
  })
