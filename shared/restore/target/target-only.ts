import type { ResourceFilter } from '../../filters/filters.ts'
import { idHashIn } from '../../resources/keys.ts'
import { type Item, sortKeyOf } from '../../tables/item.ts'
import { MetadataView } from '../../resources/views.ts'
import type { DifferenceLists } from '../results/difference-lists.ts'

/**
 * Counts and lists the resources of a range that only the target has. Distinguishes the resources of the current digest
 * bucket, so that a pass that is throttled can end before this bucket.
 */
export class TargetOnly {
  readonly #lists: DifferenceLists
  readonly #model: string
  readonly #accepts: ResourceFilter
  /** The ids of archived resources that the restore leaves out. */
  readonly #leftOut = new Set<string>()
  /** The number of resources before the current digest bucket. */
  #complete = 0
  #bucket = ''
  /** The number of resources of the current digest bucket and, after `endBucket`, of the later ones. */
  #ofBucket = 0
  /** Removes the resources of the current digest bucket from the lists. */
  #reset: () => void

  constructor(lists: DifferenceLists, model: string, accepts: ResourceFilter) {
    this.#lists = lists
    this.#model = model
    this.#accepts = accepts
    this.#reset = lists.mark()
  }

  /** Must be called for each archived resource that is left out. Such a resource is not only in the target. */
  leaveOut(id: string): void {
    this.#leftOut.add(id)
  }

  /**
   * Must be called before each search for an archived resource in the target. The function `pass` of the result must be
   * called for each row that the search skips. If the search succeeds, `commit` must be called.
   */
  search(idHash: string): TargetSearch {
    const bucket = idHash.slice(0, 4)
    const begins = bucket !== this.#bucket
    let [before, own] = [0, 0]
    let reset: (() => void) | undefined
    return {
      pass: (metadata) => {
        if (!this.#isTargetOnly(metadata)) return undefined
        if (idHashIn(sortKeyOf(metadata)).slice(0, 4) < bucket) before += 1
        else {
          if (begins) reset ??= this.#lists.mark()
          own += 1
        }
        return this.#list(metadata)
      },
      commit: () => {
        if (begins) {
          this.#complete += this.#ofBucket
          this.#ofBucket = 0
          this.#bucket = bucket
          this.#reset = reset ?? this.#lists.mark()
        }
        this.#complete += before
        this.#ofBucket += own
        return begins
      },
    }
  }

  /**
   * Must be called before the rows after the last archived resource are counted. Returns false if the digest bucket
   * that was searched last is not before `beforeBucket`. All resources of this bucket and those that were counted after
   * an earlier call are then removed, and no other row is before `beforeBucket`.
   */
  endBucket(beforeBucket: string | undefined): boolean {
    if (beforeBucket === undefined || this.#bucket < beforeBucket) return true
    this.#reset()
    this.#ofBucket = 0
    return false
  }

  /** Counts a row after the last archived resource. */
  pass(metadata: Item): Promise<void> | undefined {
    if (!this.#isTargetOnly(metadata)) return undefined
    this.#ofBucket += 1
    return this.#list(metadata)
  }

  get count(): number {
    return this.#complete + this.#ofBucket
  }

  #isTargetOnly(metadata: Item): boolean {
    return !this.#leftOut.has(new MetadataView(metadata).resourceId) && this.#accepts(metadata)
  }

  #list(metadata: Item): Promise<void> | undefined {
    return this.#lists.add('target_only', this.#model, new MetadataView(metadata).resourceId)
  }
}

export interface TargetSearch {
  readonly pass: (metadata: Item) => Promise<void> | undefined
  /** Returns true if the search was the first one in its digest bucket. */
  readonly commit: () => boolean
}
