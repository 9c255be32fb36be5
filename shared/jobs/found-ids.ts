import * as z from 'zod'
import { listedIds } from '../values/message-text.ts'
import type { IdsWithoutResource } from './job-lists.ts'
import { firstWithin } from './listed-resources.ts'

/**
 * The largest size of a list of ids, in bytes of JSON. The item of a job may contain two such lists, and can have at
 * most 400 KB.
 */
const MAX_LIST_BYTES = 7 * 1024

/** The ids in the filter `ids` of a request that one pass has found. */
export const FoundIds = z
  .object({
    /** The ids of resources that all filters select. */
    accepted: z.array(z.string()).readonly(),
    /** The ids of resources that a filter other than `ids` excludes. */
    excluded: z.array(z.string()).readonly(),
  })
  .readonly()
export type FoundIds = z.output<typeof FoundIds>

/**
 * Collects the ids in the filter `ids` that exist. Distinguishes ids that all filters select from ids that another
 * filter excludes.
 */
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
 * Returns the ids in the filter `ids` for which nothing was exported or restored. An id counts as found if at least one
 * model has a resource with this id. `found` contains the ids that each pass has found.
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
