import type { SoundRecord } from '../../archive/archived-records.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import { hashKeyOf } from '../../resources/keys.ts'
import type { Key } from '../../tables/item.ts'
import type { RestorePlan, SegmentRange } from '../messages/inspect.ts'
import { hasSameContent } from './revision-comparison.ts'
import { StoredRevisionKeys } from './stored-revision-keys.ts'
import { targetRange } from './target-range.ts'

interface OrphanServices {
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
}

/** The stored revisions of one archived resource that has no metadata in the target. */
export class OrphanedRevisions {
  readonly #services: OrphanServices
  /** The keys of the stored revisions that are not known to be equal to an archived revision, by sort key. */
  readonly #different: Map<string, Key>

  constructor(services: OrphanServices, keys: readonly Key[]) {
    this.#services = services
    this.#different = new Map(keys.map((key) => [key.sk, key]))
  }

  /** Compares an archived revision of the resource with the stored revision that has the same key. */
  async compare({ sk, item }: SoundRecord): Promise<void> {
    const key = this.#different.get(sk)
    if (key === undefined) return
    const stored = await this.#services.resources.getRevision(key)
    if (stored === undefined || (await hasSameContent(this.#services, stored, item))) this.#different.delete(sk)
  }

  /**
   * True if the target has a revision that the archive does not contain with the same content. Must be read after all
   * archived revisions were compared.
   */
  get differ(): boolean {
    return this.#different.size > 0
  }
}

/**
 * Finds the revisions that the target has of archived resources without metadata. If another program has lost the
 * metadata, or has not written it yet, a restore must not replace such revisions without a word.
 */
export class OrphanLookup {
  readonly #services: OrphanServices
  readonly #range: SegmentRange
  readonly #isById: boolean
  #keys: StoredRevisionKeys | undefined

  /** If `isById` is true, the keys are read for each resource separately. This is faster for a few resources. */
  constructor(services: OrphanServices, range: SegmentRange, isById: boolean) {
    this.#services = services
    this.#range = range
    this.#isById = isById
  }

  /**
   * Returns the stored revisions of a resource, or undefined if there are none. The caller must pass only ids without
   * metadata, in the order of the archive.
   */
  async find(id: string): Promise<OrphanedRevisions | undefined> {
    // The keys of the range are read only if a resource has no metadata, and only from this resource on. A restore with
    // `skip` into a complete store therefore does not read them.
    this.#keys ??= new StoredRevisionKeys(
      this.#services,
      this.#range.model,
      this.#isById ? undefined : targetRange(hashKeyOf(id), this.#range.up_to),
    )
    const keys = await this.#keys.keysOf(id)
    return keys.length === 0 ? undefined : new OrphanedRevisions(this.#services, keys)
  }

  async close(): Promise<void> {
    await this.#keys?.close()
  }
}

/**
 * Opens the lookup for a range. Returns undefined if the restore does not need it: if the target has no items of the
 * model, or if the restore replaces all revisions.
 */
export const openOrphanLookup = (
  services: OrphanServices,
  plan: RestorePlan,
  range: SegmentRange,
  { replacesRevisions, isById }: { readonly replacesRevisions: boolean; readonly isById: boolean },
): OrphanLookup | undefined =>
  replacesRevisions || plan.empty_models.includes(range.model) ? undefined : new OrphanLookup(services, range, isById)
