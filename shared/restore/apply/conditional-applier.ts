import type { Strategy } from '../../jobs/job-request.ts'
import { itemBytes } from '../../resources/item-size.ts'
import { type Item, type Key, keyOf } from '../../tables/item.ts'
import { ConflictError } from '../errors.ts'
import type { SelectedResource } from '../extents/extent-records.ts'
import { hasSameContent } from '../target/revision-comparison.ts'
import {
  type AppliedResource,
  type ApplierServices,
  type ApplierTarget,
  metadataToWrite,
  type ResourceApplier,
  revisionToWrite,
  StartedWrites,
} from './resource-applier.ts'

/**
 * Writes resources under the strategies `skip` and `raise_error`. Each item is written only if no item with its key
 * exists. A stored revision with the content of the archived revision is kept. If another writer has created the
 * resource, the items that this restore wrote for it are removed again. Under `skip`, the resource is then skipped.
 * Under `raise_error`, the restore fails.
 */
export class ConditionalApplier implements ResourceApplier {
  readonly #services: ApplierServices
  readonly #target: ApplierTarget
  readonly #strategy: Strategy

  constructor(services: ApplierServices, target: ApplierTarget, strategy: Strategy) {
    this.#services = services
    this.#target = target
    this.#strategy = strategy
  }

  begin({ metadata, existed }: SelectedResource): Promise<AppliedResource> {
    const { id } = metadata
    const writes = new StartedWrites()
    /** Keys of the items that this restore wrote, in this or an earlier attempt. */
    const written: Key[] = []
    let isConflict = existed
    const write = async (item: Item): Promise<boolean> => {
      const isOurs = await this.#writeIfAbsent(item)
      if (isOurs) written.push(keyOf(item))
      return isOurs
    }
    const writeRevision = async (item: Item): Promise<void> => {
      if (!(await write(item)) && !(await this.#isStored(item))) isConflict = true
    }
    return Promise.resolve({
      id,
      bytes: itemBytes(metadata.item),
      addRevision: async ({ item }) => {
        await this.#services.writer.room()
        await writes.add(writeRevision(await revisionToWrite(this.#services, this.#target, item)))
      },
      end: async () => {
        await writes.settle()
        if (!isConflict && !(await write(metadataToWrite(this.#target, metadata.item)))) isConflict = true
        if (isConflict) await this.#withdraw(id, written)
        return !isConflict
      },
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /**
   * Writes an item if no item with its key exists. Returns true if this restore wrote the item, now or in an earlier
   * attempt. Returns false if another writer wrote it. The item of the other writer is kept.
   */
  async #writeIfAbsent(item: Item): Promise<boolean> {
    const { writer, resources } = this.#services
    if ((await writer.putIfAbsent(item)) === 'written') return true
    return (await resources.appliedBy(keyOf(item))) === this.#target.jobId
  }

  /**
   * Returns true if the target already has a revision with the content of `item`, for example from an interrupted
   * restore.
   */
  async #isStored(item: Item): Promise<boolean> {
    const stored = await this.#services.resources.getRevision(keyOf(item))
    return stored !== undefined && hasSameContent(this.#services, stored, item)
  }

  /** Removes the items of a resource that this restore wrote. Throws `ConflictError` under `raise_error`. */
  async #withdraw(id: string, written: readonly Key[]): Promise<void> {
    const { writer } = this.#services
    const { model, jobId } = this.#target
    await Promise.all(written.map((key) => writer.removeIfAppliedBy(key, jobId)))
    if (this.#strategy === 'raise_error') throw new ConflictError(model.name, id)
  }
}
