import { instantOf } from '../values/instant.ts'
import { type Item, sortKeyOf } from '../tables/item.ts'
import { MetadataView, RevisionView } from './views.ts'

/**
 * What a metadata item and a resource's revisions, read one after the other, say of each other:
 * `torn`: the current revision has no item; `stale`: someone wrote in between; `whole`: they belong together.
 */
export type ConsistencyState = 'whole' | 'stale' | 'torn'

export const consistencyOf = (metadata: Item, revisions: readonly Item[]): ConsistencyState => {
  const check = new ConsistencyCheck(metadata)
  for (const revision of revisions) check.add(revision)
  return check.standing
}

/** The same over revisions that are not held. */
export class ConsistencyCheck {
  readonly #current: string | undefined
  readonly #suffixAt: number
  readonly #count: number
  readonly #updated: string | undefined
  readonly #currentUpdated: string | undefined
  #found = false
  #stale = false

  constructor(metadata: Item) {
    const view = new MetadataView(metadata)
    this.#current = view.currentRevisionId
    this.#suffixAt = view.sortKey.length + 1
    this.#count = view.totalRevisionCount
    this.#updated = view.updatedTime
    this.#currentUpdated = view.revUpdatedTime
  }

  add(revision: Item): void {
    const { revisionId, updatedTime: updated } = new RevisionView(revision)
    if (revisionId === this.#current) {
      this.#found = true
      // The metadata mirrors the current revision: another time means that it was modified between the reads.
      if (this.#currentUpdated !== undefined && updated !== this.#currentUpdated) this.#stale = true
    }
    // Ten digits, or `~…` (then there is no number).
    if (Number(sortKeyOf(revision).slice(this.#suffixAt, this.#suffixAt + 10)) > this.#count) this.#stale = true
    if (updated !== this.#updated && updated !== undefined && this.#isLater(updated)) this.#stale = true
  }

  get standing(): ConsistencyState {
    if (!this.#found) return 'torn'
    return this.#stale ? 'stale' : 'whole'
  }

  #isLater(updated: string): boolean {
    // Two times of one form in UTC compare as text: only others need a calendar.
    if (updated.length === this.#updated?.length && updated.endsWith('Z') && this.#updated.endsWith('Z'))
      return updated > this.#updated
    const revision = instantOf(updated)
    const metadata = this.#updated === undefined ? undefined : instantOf(this.#updated)
    return revision !== undefined && metadata !== undefined && revision > metadata
  }
}
