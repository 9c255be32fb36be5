import type { SoundRecord } from '../../archive/archived-records.ts'
import { ResourceLeaf } from '../../archive/digest.ts'
import { RevisionView } from '../../resources/views.ts'
import type { ArchivedResource, ArchivedRevision } from '../checks/check.ts'

/**
 * Collects the records of one archived resource. Does not keep the payloads, because the digest contains only their
 * SHA-256.
 */
export class ArchivedResourceBuilder {
  readonly #metadata: SoundRecord
  readonly #leaf = new ResourceLeaf()
  readonly #revisions = new Map<string, ArchivedRevision>()

  constructor(metadata: SoundRecord) {
    this.#metadata = metadata
    this.#leaf.add(metadata.item)
  }

  get h(): string {
    return this.#metadata.h
  }

  addRevision({ item, sk }: SoundRecord): void {
    const { revisionId = '', parentRevisionId = 'none' } = new RevisionView(item)
    this.#leaf.add(item)
    this.#revisions.set(sk, { id: revisionId, parent: parentRevisionId })
  }

  /** Returns the resource. Must be called once, after the last revision was added. */
  build(): ArchivedResource {
    const { id, item } = this.#metadata
    return { id, metadata: item, revisions: this.#revisions, digest: this.#leaf.digest() }
  }
}
