import { BlobReferenceSet } from '../../blobs/blob-references.ts'
import type { ChunkPosition } from '../messages/preflight.ts'

/** The start of a digest bucket. */
interface Border {
  readonly position: ChunkPosition
  /** Removes the results of this digest bucket and of all later ones. */
  readonly reset: () => void
}

interface ReachedBorder extends Border {
  /** The references that were added since the previous border. */
  readonly references: BlobReferenceSet
}

/**
 * Remembers the last digest bucket of a range before which the pass can stop after a throttled call. Collects the
 * references of the digest buckets before it, so that the references of an unfinished digest bucket can be dropped.
 */
export class CheckedBorders {
  readonly #references: BlobReferenceSet
  #newReferences = new BlobReferenceSet()
  #reached: ReachedBorder | undefined
  #checked: Border | undefined

  /** The references of finished digest buckets are added to `references`. */
  constructor(references: BlobReferenceSet) {
    this.#references = references
  }

  /** The set to which the references of the current digest bucket must be added. */
  get newReferences(): BlobReferenceSet {
    return this.#newReferences
  }

  /** The number of references that are not in the set of the constructor yet. */
  get pending(): number {
    return this.#newReferences.size + (this.#reached?.references.size ?? 0)
  }

  /** The last border for which `use` was called. */
  get checked(): Border | undefined {
    return this.#checked
  }

  /** Must be called before the first resource of each digest bucket, except the first one of the pass. */
  reach(border: Border): void {
    const references = this.#newReferences
    this.#newReferences = new BlobReferenceSet()
    // If the previous border was not used, its references belong to this one.
    if (this.#reached !== undefined) references.addAll(this.#reached.references)
    this.#reached = { ...border, references }
  }

  /** Must be called as soon as the target has been read up to the last border. The pass can then stop there. */
  use(): void {
    if (this.#reached === undefined) return
    this.#references.addAll(this.#reached.references)
    this.#checked = this.#reached
    this.#reached = undefined
  }

  /** Must be called when the last digest bucket of the pass is finished. */
  finish(): void {
    this.use()
    this.#references.addAll(this.#newReferences)
  }
}
