import type { SoundRecord } from '../../archive/archived-records.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import { idHashOf } from '../../resources/keys.ts'
import type { Key } from '../../tables/item.ts'
import type { RestorePlan, SegmentRange } from '../messages/inspect.ts'
import { hasSameContent } from './revision-comparison.ts'
import { StoredRevisionKeys } from './stored-revision-keys.ts'
import { targetRange } from './target-range.ts'

interface OrphanServices {
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
}

/** The revisions of one archived resource that the target has without the metadata of the resource. */
export class OrphanedRevisions {
  readonly #services: OrphanServices
  /** By sort key, the keys of the stored revisions for which no equal archived revision has been found yet. */
  readonly #different: Map<string, Key>

  constructor(services: OrphanServices, keys: readonly Key[]) {
    this.#services = services
    this.#different = new Map(keys.map((key) => [key.sk, key]))
  }

  /** Compares an archived revision of the resource with the stored revision that has the same sort key. */
  async compare({ sk, item }: SoundRecord): Promise<void> {
    const key = this.#different.get(sk)
    if (key === undefined) return
    const stored = await this.#services.resources.getRevision(key)
    if (stored === undefined || (await hasSameContent(this.#services, stored, item))) this.#different.delete(sk)
  }

  /**
   * True if a stored revision differs from the archived revision with the same sort key, or is not in the archive. The
   * caller must first compare all archived revisions.
   */
  get differ(): boolean {
    return this.#different.size > 0
  }
}

/**
 * Finds the revisions that the target has without the metadata of their resource. Another program may have lost the
 * metadata, or may not have written the metadata yet. A restore must report such revisions before it replaces them.
 */
export class OrphanLookup {
  readonly #services: OrphanServices
  readonly #range: SegmentRange
  readonly #isById: boolean
  #keys: StoredRevisionKeys | undefined

  /** If `isById` is true, the keys are read for each resource separately, which is faster for a few resources. */
  constructor(services: OrphanServices, range: SegmentRange, isById: boolean) {
    this.#services = services
    this.#range = range
    this.#isById = isById
  }

  /**
   * Returns the stored revisions of a resource, or undefined if the target has no revision of this resource. The caller
   * must pass only the ids of resources without metadata in the target, in the order of the archive.
   */
  async find(id: string): Promise<OrphanedRevisions | undefined> {
    // The keys of the range are read only when the first resource without metadata is found, and only from this
    // resource on. If all resources have metadata, the keys are not read.
    this.#keys ??= new StoredRevisionKeys(
      this.#services,
      this.#range.model,
      this.#isById ? undefined : targetRange(idHashOf(id), this.#range.up_to),
    )
    const keys = await this.#keys.keysOf(id)
    return keys.length === 0 ? undefined : new OrphanedRevisions(this.#services, keys)
  }

  async close(): Promise<void> {
    await this.#keys?.close()
  }
}

/**
 * Opens the lookup for a range. Returns undefined if no lookup is needed, because the target has no items of the model
 * or because the restore replaces all revisions.
 */
export const openOrphanLookup = (
  services: OrphanServices,
  plan: RestorePlan,
  range: SegmentRange,
  { replacesRevisions, isById }: { readonly replacesRevisions: boolean; readonly isById: boolean },
): OrphanLookup | undefined =>
  replacesRevisions || plan.empty_models.includes(range.model) ? undefined : new OrphanLookup(services, range, isById)
