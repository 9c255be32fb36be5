import type { ArchivedRecord } from '../../archive/archived-records.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import { deriveMetadata, deriveRevision } from '../../resources/attributes.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import type { ResourceWriter } from '../../resources/aws/resource-writer.ts'
import type { Model } from '../../resources/models.ts'
import { RevisionView } from '../../resources/views.ts'
import type { Item } from '../../tables/item.ts'
import type { SelectedResource } from '../extents/extent-records.ts'

/** Writes resources under one strategy. They begin in the archive's order, and end in any order. */
export interface ResourceApplier {
  begin(resource: SelectedResource): Promise<AppliedResource>
  close(): Promise<void>
}

/**
 * A resource that is being written: first its revisions, then its metadata. A reader never sees metadata without its
 * revision.
 */
export interface AppliedResource {
  readonly id: string
  addRevision(record: ArchivedRecord): Promise<void>
  /** Writes the metadata after all revisions. Returns false if the resource was skipped. */
  end(): Promise<boolean>
}

export interface ApplierStores {
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
  readonly writer: ResourceWriter
}

/** What the written items belong to. */
export interface ApplierTarget {
  readonly model: Model
  readonly jobId: string
}

/** The metadata item to write, with its keys and derived attributes. */
export const metadataToWrite = ({ model, jobId }: ApplierTarget, item: Item): Item =>
  deriveMetadata(item, { model: model.name, shards: model.shards, job_id: jobId })

/**
 * The revision item to write, with its keys and derived attributes. Writes its payload first if that must be spilled.
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

/** Writes that were started and not awaited yet. */
export class StartedWrites {
  readonly #writes: Promise<void>[] = []

  /** Adds a write. Waits for all writes after every hundredth. */
  async add(write: Promise<void>): Promise<void> {
    // Awaited by `settle`. Until then, a rejection must not end the process.
    write.catch(() => undefined)
    this.#writes.push(write)
    if (this.#writes.length % 100 === 0) await this.settle()
  }

  async settle(): Promise<void> {
    await Promise.all(this.#writes)
  }
}
