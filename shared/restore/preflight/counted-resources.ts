import { MAX_LISTED } from '../../values/message-text.ts'
import { BitList } from '../extents/bit-list.ts'

/** Counts the resources of a range that the filters select and that can be restored. */
export class CountedResources {
  resources = 0
  revisions = 0
  duplicates = 0
  /** The first 100 duplicates. */
  readonly duplicateIds: string[] = []
  /** See `existing` of `Extent`. */
  readonly existing = BitList.empty()

  addDuplicate(id: string): void {
    this.duplicates += 1
    if (this.duplicateIds.length < MAX_LISTED) this.duplicateIds.push(id)
  }

  /** Returns a function that removes everything that is added after this call. */
  mark(): () => void {
    const { resources, revisions, duplicates } = this
    const [listed, existing] = [this.duplicateIds.length, this.existing.length]
    return () => {
      this.resources = resources
      this.revisions = revisions
      this.duplicates = duplicates
      this.duplicateIds.length = listed
      this.existing.truncate(existing)
    }
  }
}
