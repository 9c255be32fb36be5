import { z } from 'zod'
import { listedIds } from '../values/message-text.ts'
import type { IdsWithoutResource } from './job.ts'
import { firstWithin } from './listed-resources.ts'

/** The largest size of a list of ids, in bytes of JSON. A job's item may contain two lists, and holds 400 KB in all. */
const MAX_LIST_BYTES = 7 * 1024

/** The ids from the filter `ids` of a request that one pass has found in the models it reads. */
export const FoundIds = z
  .object({
    /** Ids of resources that all filters accept. */
    accepted: z.array(z.string()).readonly(),
    /** Ids of resources that a filter other than `ids` excludes. */
    excluded: z.array(z.string()).readonly(),
  })
  .readonly()
export type FoundIds = z.output<typeof FoundIds>

/** Collects the ids of a request that exist, and whether all filters accept their resources. */
export class FoundIdsCollector {
  readonly #accepted = new Set<string>()
  readonly #excluded = new Set<string>()

  add(id: string, isAccepted: boolean): void {
    const ids = isAccepted ? this.#accepted : this.#excluded
    ids.add(id)
  }

  get all(): FoundIds {
    return { accepted: [...this.#accepted], excluded: [...this.#excluded] }
  }
}

/**
 * Returns the ids of a request for which nothing was exported or restored. An id counts as found if at least one model
 * has a resource with this id. `found` contains the ids that each pass has found.
 */
export const idsWithoutResource = (
  ids: readonly string[] | undefined,
  found: readonly FoundIds[],
): IdsWithoutResource => {
  if (ids === undefined) return {}
  const accepted = new Set(found.flatMap((one) => one.accepted))
  const excluded = new Set(found.flatMap((one) => one.excluded))
  const missing = [...new Set(ids)].filter((id) => !accepted.has(id))
  const isExcluded = (id: string): boolean => excluded.has(id)
  const notFound = missing.filter((id) => !isExcluded(id))
  return { ...listed('not_found', notFound), ...listed('excluded', missing.filter(isExcluded)) }
}

const listed = (name: keyof IdsWithoutResource, ids: readonly string[]): IdsWithoutResource =>
  ids.length === 0 ? {} : { [name]: { count: ids.length, ids: firstWithin(listedIds(ids), MAX_LIST_BYTES) } }
