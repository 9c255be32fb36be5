import type { ArchiveResource } from './archive-resources.ts'

/** A resource with the payload of its current revision. */
interface CurrentResource {
  readonly model: string
  /** Undefined if the payload is neither JSON nor msgpack. */
  readonly payload: unknown
  /** JSON text. Undefined if the resource has none. */
  readonly indexedData: string | undefined
}

/**
 * Pairs the metadata of each resource with its current revision, in any order of the records. `currentRevisionIds` must
 * have been filled from the same archive before. Only what waits for its counterpart is held in memory: at most one
 * resource if revisions follow their metadata, and the metadata of a model if all of them precede the revisions.
 * Resources without metadata or without a current revision are left out.
 */
export class CurrentResources {
  readonly #currentRevisionIds = new Map<string, string>()
  readonly #metadata = new Map<string, Pick<CurrentResource, 'indexedData'>>()
  readonly #revisions = new Map<string, Pick<CurrentResource, 'payload'>>()

  /** Notes the id of the current revision of a resource. */
  addCurrentRevisionId(model: string, id: string, currentRevisionId: string): void {
    this.#currentRevisionIds.set(keyOf(model, id), currentRevisionId)
  }

  /** Adds metadata or a revision. Returns the resource if both are known now. Each resource is returned once. */
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
    // SpecStar's memory store exports migrated revisions twice. The second one must not wait for metadata.
    this.#currentRevisionIds.delete(key)
    return { model, payload: revision.payload, indexedData: metadata.indexedData }
  }
}

const keyOf = (model: string, id: string): string => `${model}/${id}`
