import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import { idHashIn, metadataSortKey } from '../../resources/keys.ts'
import type { Key, SortKeyRange } from '../../tables/item.ts'
import { compareBytes } from '../../values/text-order.ts'

/**
 * Reads the keys of the stored revisions of resources. With a range, reads all revision keys of the range once, in the
 * order of the archive. Without a range, reads the keys of each resource separately, which is faster if only a few
 * resources are selected by id.
 */
export class StoredRevisionKeys {
  readonly #resources: ResourceStore
  readonly #model: string
  readonly #rows: AsyncIterator<Key> | undefined
  #next: Key | undefined
  /** The keys of all resources with the current id hash. */
  #group: { readonly idHash: string; readonly keys: readonly Key[] } | undefined
  #isAtEnd = false

  constructor({ resources }: { readonly resources: ResourceStore }, model: string, range: SortKeyRange | undefined) {
    this.#resources = resources
    this.#model = model
    this.#rows = range === undefined ? undefined : resources.revisionKeys(model, range)[Symbol.asyncIterator]()
  }

  /**
   * Returns the keys of the stored revisions of a resource. If there is a range, the caller must pass the ids in the
   * order of the archive.
   */
  async keysOf(id: string): Promise<readonly Key[]> {
    if (this.#rows === undefined) return this.#resources.revisionKeysOf(this.#model, id)
    const prefix = `${metadataSortKey(id)}/`
    const idHash = idHashIn(prefix)
    // Two ids can have the same id hash. The order of their revisions may differ from the order of their metadata, so
    // the revisions of both resources are read together.
    if (this.#group?.idHash !== idHash) this.#group = { idHash, keys: await this.#readGroup(idHash) }
    return this.#group.keys.filter(({ sk }) => sk.startsWith(prefix))
  }

  async close(): Promise<void> {
    await this.#rows?.return?.()
  }

  async #readGroup(idHash: string): Promise<Key[]> {
    const keys: Key[] = []
    for (;;) {
      const next = (this.#next ??= await this.#read())
      if (next === undefined) return keys
      const order = compareBytes(idHashIn(next.sk), idHash)
      if (order > 0) return keys
      if (order === 0) keys.push(next)
      this.#next = undefined
    }
  }

  async #read(): Promise<Key | undefined> {
    if (this.#isAtEnd || this.#rows === undefined) return undefined
    const next = await this.#rows.next()
    if (next.done !== true) return next.value
    this.#isAtEnd = true
    return undefined
  }
}
