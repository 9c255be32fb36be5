import { recordKeyOf } from '../../archive/record-line.ts'
import { MetadataView, RevisionView } from '../../resources/views.ts'
import { missingCurrentRevision, missingMetadata, type StreamLocation } from '../../specstar/errors.ts'
import type { Item } from '../../tables/item.ts'
import { must } from '../../values/must.ts'

interface OpenResource {
  readonly model: string
  readonly id: string
  readonly currentRevisionId: string
  /** The location of the resource's metadata in the stream. */
  readonly location: StreamLocation
  hasCurrentRevision: boolean
}

/**
 * Checks that each resource has metadata and its current revision. The records must be sorted, with the metadata of a
 * resource before its revisions. In the stream itself, they may be in any order. The predecessor of SpecStar, for
 * example, writes all metadata of a model before all revisions. All methods throw `ArchiveInvalidError`.
 */
export class CompleteResources {
  #open: OpenResource | undefined

  /** Begins the resource of a metadata item. Checks that the previous resource has its current revision. */
  begin({ number, offset }: StreamLocation, metadata: Item): void {
    this.end()
    const { model, id } = recordKeyOf(metadata)
    const currentRevisionId = must(new MetadataView(metadata).currentRevisionId)
    this.#open = { model, id, currentRevisionId, location: { number, offset }, hasCurrentRevision: false }
  }

  /** Checks that a revision belongs to the resource that began last. */
  addRevision(location: StreamLocation, revision: Item): void {
    const { model, id } = recordKeyOf(revision)
    const revisionId = must(new RevisionView(revision).revisionId)
    if (this.#open?.model !== model || this.#open.id !== id) throw missingMetadata(location, model, id, revisionId)
    if (revisionId === this.#open.currentRevisionId) this.#open.hasCurrentRevision = true
  }

  /** Checks that the last resource has its current revision. */
  end(): void {
    if (this.#open === undefined || this.#open.hasCurrentRevision) return
    const { location, id, currentRevisionId } = this.#open
    throw missingCurrentRevision(location, id, currentRevisionId)
  }
}
