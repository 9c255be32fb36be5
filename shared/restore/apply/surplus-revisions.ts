import { type Key, keyOf } from '../../tables/item.ts'
import { metadataSortKey } from '../../resources/keys.ts'
import { compareBytes } from '../../values/text-order.ts'
import type { Services } from '../../runtime/services.ts'

/**
 * The keys of the revisions that the target has of each resource, asked for in the archive's order: what the archive
 * does not name among them is surplus. With a range the revisions are read once beside the archive; without (a few
 * resources by id) they are looked up one by one.
 */
export class SurplusRevisions {
  readonly #services: Services
  readonly #model: string
  readonly #rows: AsyncIterator<Key> | undefined
  #next: Key | undefined
  #group: { h: string; keys: Key[] } | undefined
  #ended = false

  constructor(
    services: Services,
    model: string,
    range: { readonly fromSk: string; readonly toSk: string } | undefined,
  ) {
    this.#services = services
    this.#model = model
    this.#rows = range === undefined ? undefined : services.resources.revisionKeys(model, range)[Symbol.asyncIterator]()
  }

  async keysOf(id: string): Promise<readonly Key[]> {
    const prefix = `${metadataSortKey(id)}/`
    if (this.#rows === undefined) {
      const revisions = await this.#services.resources.getRevisions(this.#model, id)
      return revisions.map(keyOf)
    }
    // Two ids may share a place, and then stand otherwise among revisions than among metadata: the whole place is held.
    const h = prefix.slice(0, 16)
    if (this.#group?.h !== h) this.#group = { h, keys: await this.#readPlace(h) }
    return this.#group.keys.filter(({ sk }) => sk.startsWith(prefix))
  }

  async close(): Promise<void> {
    await this.#rows?.return?.()
  }

  async #readPlace(h: string): Promise<Key[]> {
    const keys: Key[] = []
    for (;;) {
      const next = (this.#next ??= await this.#read())
      if (next === undefined) return keys
      const order = compareBytes(next.sk.slice(0, 16), h)
      if (order > 0) return keys
      if (order === 0) keys.push(next)
      this.#next = undefined
    }
  }

  async #read(): Promise<Key | undefined> {
    if (this.#ended || this.#rows === undefined) return undefined
    const next = await this.#rows.next()
    if (next.done === true) {
      this.#ended = true
      return undefined
    }
    return next.value
  }
}
