import { itemBytes } from '../../resources/item-size.ts'
import { sortKeyOf } from '../../tables/item.ts'
import type { SelectedResource } from '../extents/extent-records.ts'
import { targetRange } from '../target/target-range.ts'
import {
  type AppliedResource,
  type ApplierServices,
  type ApplierTarget,
  metadataToWrite,
  type ResourceApplier,
  revisionToWrite,
  StartedWrites,
} from './resource-applier.ts'
import { StoredRevisionKeys } from '../target/stored-revision-keys.ts'

/**
 * Writes resources under the strategy `overwrite`. After a write, the stored resource equals the archived resource.
 * Stored revisions that the archive does not contain are removed.
 */
export class OverwritingApplier implements ResourceApplier {
  readonly #services: ApplierServices
  readonly #target: ApplierTarget
  readonly #storedKeys: StoredRevisionKeys

  /**
   * The sort keys of the extent are greater than `after` and not greater than `upTo`. If the filter `ids` is given, the
   * keys of the stored revisions are read separately for each resource.
   */
  constructor(
    services: ApplierServices,
    target: ApplierTarget,
    range: {
      readonly after: string | undefined
      readonly upTo: string | undefined
      readonly ids: readonly string[] | undefined
    },
  ) {
    this.#services = services
    this.#target = target
    // The range is read even if preflight found no items in it, because another program may have written items since
    // then. Reading an empty range takes one query.
    const keys = range.ids === undefined ? targetRange(range.after, range.upTo) : undefined
    this.#storedKeys = new StoredRevisionKeys(services, target.model.name, keys)
  }

  async begin({ metadata }: SelectedResource): Promise<AppliedResource> {
    const { writer } = this.#services
    const stored = await this.#storedKeys.keysOf(metadata.id)
    const writes = new StartedWrites()
    const written = new Set<string>()
    return {
      id: metadata.id,
      bytes: itemBytes(metadata.item),
      addRevision: async ({ item }) => {
        await writer.room()
        const revision = await revisionToWrite(this.#services, this.#target, item)
        written.add(sortKeyOf(revision))
        await writes.add(writer.put(revision))
      },
      end: async () => {
        await writes.settle()
        await writer.put(metadataToWrite(this.#target, metadata.item))
        await Promise.all(stored.filter(({ sk }) => !written.has(sk)).map((key) => writer.remove(key)))
        return true
      },
    }
  }

  async close(): Promise<void> {
    await this.#storedKeys.close()
  }
}
