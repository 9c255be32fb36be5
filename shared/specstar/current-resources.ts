import type { ArchiveResource } from './archive-resources.ts'

/** A resource with the payload of its current revision. */
interface CurrentResource {
  readonly model: string
  /** Undefined if the payload is neither JSON nor msgpack. */
  readonly payload: unknown
  /** A JSON string. Undefined if the metadata has no indexed data. */
  readonly indexedData: string | undefined
}

/**
 * Pairs the metadata of each resource with its current revision. The records may have any order, but the caller must
 * first have passed all ids of current revisions to `addCurrentRevisionId`. Metadata and revisions are held in memory
 * until they are paired. If the revisions of a resource follow its metadata, at most one resource is held. If all
 * metadata of a model precedes all revisions, all metadata of the model is held. Resources without metadata or without
 * a current revision are left out.
 */
export class CurrentResources {
  readonly #currentRevisionIds = new Map<string, string>()
  readonly #metadata = new Map<string, Pick<CurrentResource, 'indexedData'>>()
  readonly #revisions = new Map<string, Pick<CurrentResource, 'payload'>>()

  /** Stores the id of the current revision of a resource. */
  addCurrentRevisionId(model: string, id: string, currentRevisionId: string): void {
    this.#currentRevisionIds.set(keyOf(model, id), currentRevisionId)
  }

  /**
   * Adds metadata or a revision. If the metadata and the current revision of the resource are now known, returns the
   * resource. Each resource is returned once.
   */
  add(part: Exclude<ArchiveResource, { readonly kind: 'model' }>): CurrentResource | undefined {
    const { model, id } = part
    const key = keyOf(model, id)
    const currentRevisionId = this.#currentRevisionIds.get(key)
    if (part.kind === 'metadata') this.#metadata.set(key, part)
    else if (part.revisionId === currentRevisionId) this.#revisions.set(key, part)
    const metadata = this.#metadata.get(key)
    const revision = this.#revisions.get(key)
    if (metadata === undefined || revision === undefined) return undefined
    this.#metadata.delete(key)
    this.#revisions.delete(key)
    // SpecStar's memory store exports migrated revisions twice. The second revision is ignored, so that it does not
    // wait for metadata.
    this.#currentRevisionIds.delete(key)
    return { model, payload: revision.payload, indexedData: metadata.indexedData }
  }
}

const keyOf = (model: string, id: string): string => `${model}/${id}`
