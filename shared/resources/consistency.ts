import { isLater } from '../values/instant.ts'
import type { Item } from '../tables/item.ts'
import { MetadataView, RevisionView } from './views.ts'

/**
 * The consistency of the metadata and the revisions of a resource. They are separate items, which are read one after
 * the other, so the resource can change between the reads.
 *
 * - `consistent`: the metadata and the revisions do not contradict each other.
 * - `stale`: a revision is newer than the metadata, so the resource probably changed between the reads.
 * - `torn`: there is no item for the current revision.
 */
type ConsistencyState = 'consistent' | 'stale' | 'torn'

export const consistencyOf = (metadata: Item, revisions: readonly Item[]): ConsistencyState => {
  const check = new ConsistencyCheck(metadata)
  for (const revision of revisions) check.add(revision)
  return check.state
}

/** The number of digits of a revision number in a sort key. */
const NUMBER_DIGITS = 10

/**
 * Determines the consistency state from a stream of revisions. The caller must add all revisions before it reads
 * `state`.
 */
export class ConsistencyCheck {
  readonly #currentRevisionId: string | undefined
  /** The index of the first digit of the revision number in the sort keys of the revisions. */
  readonly #numberStart: number
  readonly #revisionCount: number
  /** The time in the metadata at which the resource was last changed. */
  readonly #metadataTime: string | undefined
  /** The copy of the current revision's time in the metadata. */
  readonly #currentRevisionTime: string | undefined
  #hasCurrent = false
  #isStale = false

  constructor(metadata: Item) {
    const view = new MetadataView(metadata)
    this.#currentRevisionId = view.currentRevisionId
    this.#numberStart = view.sortKey.length + 1
    this.#revisionCount = view.totalRevisionCount
    this.#metadataTime = view.updatedTime
    this.#currentRevisionTime = view.revUpdatedTime
  }

  add(item: Item): void {
    const { revisionId, updatedTime: revisionTime, sortKey } = new RevisionView(item)
    if (revisionId === this.#currentRevisionId) {
      this.#hasCurrent = true
      if (this.#currentRevisionTime !== undefined && revisionTime !== this.#currentRevisionTime) this.#isStale = true
    }
    // If the sort key contains `~` and an encoded revision id instead of a number, `number` is NaN, and the comparison
    // is false.
    const number = Number(sortKey.slice(this.#numberStart, this.#numberStart + NUMBER_DIGITS))
    if (number > this.#revisionCount) this.#isStale = true
    const metadataTime = this.#metadataTime
    if (revisionTime === undefined || metadataTime === undefined || revisionTime === metadataTime) return
    if (isLater(revisionTime, metadataTime)) this.#isStale = true
  }

  get state(): ConsistencyState {
    if (!this.#hasCurrent) return 'torn'
    return this.#isStale ? 'stale' : 'consistent'
  }
}
