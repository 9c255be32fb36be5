import * as z from 'zod'
import { isResourceId } from '../resources/keys.ts'

/**
 * The state of a `RevisionOwner` between two records. A pass saves it in its cursor, so that a later pass can continue.
 */
export const OwnerState = z
  .object({
    /** True if every revision of the section so far follows the metadata of its resource. */
    is_grouped: z.boolean(),
    /** The id of the resource whose metadata came last. An empty string if this id is unknown or invalid. */
    open_id: z.exactOptional(z.string()),
    /** True if a revision of this resource has followed. */
    has_revision: z.boolean(),
  })
  .readonly()
export type OwnerState = z.output<typeof OwnerState>

/** The state before the first section. */
const OWNER_START: OwnerState = { is_grouped: false, has_revision: false }

/**
 * Determines the resource of a revision whose record contains no resource id. Such a revision belongs to the resource
 * whose metadata came last, if the section is grouped: the metadata of each resource are followed by all revisions of
 * this resource. A section may also have another order, for example all metadata first. The resource is then unknown.
 */
export class RevisionOwner {
  #isGrouped: boolean
  #openId: string | undefined
  #hasRevision: boolean

  constructor(state: OwnerState = OWNER_START) {
    this.#isGrouped = state.is_grouped
    this.#openId = state.open_id
    this.#hasRevision = state.has_revision
  }

  get state(): OwnerState {
    return {
      is_grouped: this.#isGrouped,
      ...(this.#openId === undefined ? {} : { open_id: this.#openId }),
      has_revision: this.#hasRevision,
    }
  }

  beginSection(): void {
    this.#isGrouped = true
    this.#openId = undefined
    this.#hasRevision = false
  }

  /** Must be called for each metadata record, before `setId`. */
  beginResource(): void {
    // The previous resource has no revision after its metadata, so its revisions are elsewhere in the section.
    if (this.#openId !== undefined && !this.#hasRevision) this.#isGrouped = false
    this.#openId = ''
    this.#hasRevision = false
  }

  /** Must be called if the metadata record contains the id of its resource. */
  setId(id: string): void {
    this.#openId = storableId(id)
  }

  /** Must be called for each revision record that contains the id of its resource. */
  addRevision(id: string): void {
    // In a grouped section, metadata without an id belong to the resource of the next revision.
    if (this.#openId === '') this.#openId = storableId(id)
    if (this.#openId !== storableId(id)) this.#isGrouped = false
    this.#hasRevision = true
  }

  /**
   * Must be called for each revision record that contains no id. Returns the id of its resource. Returns an empty
   * string if the resource has no sound metadata, and undefined if the resource is unknown.
   */
  addRevisionWithoutId(): string | undefined {
    this.#hasRevision = true
    return this.#isGrouped ? this.#openId : undefined
  }
}

/** Returns the id, or an empty string if no resource of a store can have this id. Such an id may have megabytes. */
const storableId = (id: string): string => (isResourceId(id) ? id : '')
