import type { ListedResources } from '../jobs/job-lists.ts'
import { listedResources } from '../jobs/listed-resources.ts'
import type { UnrestorableResource } from '../jobs/unrestorable-resource.ts'
import { MAX_LISTED } from '../values/message-text.ts'

/** Collects the omitted data of one pass. */
export class OmittedDataCollector {
  readonly #resources: UnrestorableResource[] = []
  #count = 0

  /** Adds a resource or blob. */
  add(model: string, resource_id: string, reason: string): void {
    this.#count += 1
    if (this.#resources.length < MAX_LISTED) this.#resources.push({ model, resource_id, reason })
  }

  /** Returns a function that removes what was added after this call. */
  mark(): () => void {
    const [listed, count] = [this.#resources.length, this.#count]
    return () => {
      this.#resources.length = listed
      this.#count = count
    }
  }

  /**
   * Returns an object with the member `omitted`, which contains the list. If nothing was omitted, returns an empty
   * object.
   */
  get member(): { readonly omitted?: ListedResources } {
    return this.#count === 0 ? {} : { omitted: listedResources(this.#resources, this.#count) }
  }
}

/** Returns the list for several results. Undefined if nothing was omitted. */
export const allOmitted = (results: Iterable<{ readonly omitted?: ListedResources }>): ListedResources | undefined => {
  const resources: UnrestorableResource[] = []
  let count = 0
  for (const { omitted } of results) {
    if (omitted === undefined) continue
    count += omitted.count
    resources.push(...omitted.resources.slice(0, MAX_LISTED - resources.length))
  }
  return count === 0 ? undefined : listedResources(resources, count)
}
