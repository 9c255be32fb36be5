import { instantOf } from '../values/instant.ts'
import type { Item } from '../tables/item.ts'
import { MetadataView, RevisionView } from './views.ts'

/**
 * Whether the metadata and the revisions of a resource, which were read one after the other, belong together:
 *
 * - `consistent`: nothing contradicts it.
 * - `stale`: a revision is newer than the metadata, so the resource was changed between the reads.
 * - `torn`: the current revision has no item.
 */
export type ConsistencyState = 'consistent' | 'stale' | 'torn'

export const consistencyOf = (metadata: Item, revisions: readonly Item[]): ConsistencyState => {
  const check = new ConsistencyCheck(metadata)
  for (const revision of revisions) check.add(revision)
  return check.state
}

/** Digits of a revision's number in its sort key. */
const NUMBER_DIGITS = 10

/** `consistencyOf` for a stream of revisions. */
export class ConsistencyCheck {
  readonly #currentRevisionId: string | undefined
  /** Where the revision's number begins in its sort key. */
  readonly #numberStart: number
  readonly #revisionCount: number
  readonly #updatedTime: string | undefined
  readonly #currentUpdatedTime: string | undefined
  #hasCurrent = false
  #isStale = false

  constructor(metadata: Item) {
    const view = new MetadataView(metadata)
    this.#currentRevisionId = view.currentRevisionId
    this.#numberStart = view.sortKey.length + 1
    this.#revisionCount = view.totalRevisionCount
    this.#updatedTime = view.updatedTime
    this.#currentUpdatedTime = view.revUpdatedTime
  }

  add(item: Item): void {
    const { revisionId, updatedTime, sortKey } = new RevisionView(item)
    if (revisionId === this.#currentRevisionId) {
      this.#hasCurrent = true
      // The metadata copies this time from the current revision.
      if (this.#currentUpdatedTime !== undefined && updatedTime !== this.#currentUpdatedTime) this.#isStale = true
    }
    // Not a number (so never greater) if the sort key contains `~` and an encoded revision id instead.
    const number = Number(sortKey.slice(this.#numberStart, this.#numberStart + NUMBER_DIGITS))
    if (number > this.#revisionCount) this.#isStale = true
    if (updatedTime !== undefined && updatedTime !== this.#updatedTime && this.#isLater(updatedTime))
      this.#isStale = true
  }

  get state(): ConsistencyState {
    if (!this.#hasCurrent) return 'torn'
    return this.#isStale ? 'stale' : 'consistent'
  }

  /** Whether the time of a revision is later than the one of the metadata. */
  #isLater(updatedTime: string): boolean {
    // Two times in UTC of the same length can be compared as texts, which is much faster than parsing them.
    if (
      updatedTime.length === this.#updatedTime?.length &&
      updatedTime.endsWith('Z') &&
      this.#updatedTime.endsWith('Z')
    )
      return updatedTime > this.#updatedTime
    const revision = instantOf(updatedTime)
    const metadata = this.#updatedTime === undefined ? undefined : instantOf(this.#updatedTime)
    return revision !== undefined && metadata !== undefined && revision > metadata
  }
}
