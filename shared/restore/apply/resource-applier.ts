import type { SoundRecord } from '../../archive/archived-records.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import { deriveMetadata, deriveRevision } from '../../resources/attributes.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import type { ResourceWriter } from '../../resources/aws/resource-writer.ts'
import type { Model } from '../../resources/models.ts'
import { RevisionView } from '../../resources/views.ts'
import type { Item } from '../../tables/item.ts'
import type { SelectedResource } from '../extents/extent-records.ts'

/**
 * Writes resources under one strategy. The caller must begin the resources in the order of the archive, and may end
 * them in any order.
 */
export interface ResourceApplier {
  begin(resource: SelectedResource): Promise<AppliedResource>
  close(): Promise<void>
}

/**
 * A resource that is being written. Its revisions are written before its metadata. A reader that finds the metadata
 * therefore always finds the current revision.
 */
export interface AppliedResource {
  readonly id: string
  /** The size of the metadata item, which is held until all revisions are written. */
  readonly bytes: number
  addRevision(record: SoundRecord): Promise<void>
  /** Writes the metadata after all revisions. Returns false if the resource was skipped. */
  end(): Promise<boolean>
}

export interface ApplierServices {
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
  readonly writer: ResourceWriter
}

/** The model and the job to which the written items belong. */
export interface ApplierTarget {
  readonly model: Model
  readonly jobId: string
}

/** Returns the metadata item to write, with its keys and derived attributes. */
export const metadataToWrite = ({ model, jobId }: ApplierTarget, item: Item): Item =>
  deriveMetadata(item, { model: model.name, shards: model.shards, job_id: jobId })

/**
 * Returns the revision item to write, with its keys and derived attributes. If the payload is too large for the item,
 * it is written to S3 first.
 */
export const revisionToWrite = async (
  { payloads }: { readonly payloads: PayloadStore },
  { model, jobId }: ApplierTarget,
  item: Item,
): Promise<Item> => {
  const derived = deriveRevision(item, { model: model.name, shards: model.shards, job_id: jobId })
  const sha256 = new RevisionView(item).dataSha256
  if (derived.spilled !== undefined && sha256 !== undefined) await payloads.put(sha256, derived.spilled)
  return derived.item
}

/** Collects writes that have been started, and waits for them together. */
export class StartedWrites {
  readonly #writes: Promise<void>[] = []

  /** Adds a write. After every 100 writes, waits until all writes have completed. This limits the memory. */
  async add(write: Promise<void>): Promise<void> {
    // `settle` awaits the write and throws its error. If the write fails earlier, this handler prevents an unhandled
    // rejection, which would end the process.
    write.catch(() => undefined)
    this.#writes.push(write)
    if (this.#writes.length === 100) await this.settle()
  }

  async settle(): Promise<void> {
    await Promise.all(this.#writes)
    this.#writes.length = 0
  }
}
