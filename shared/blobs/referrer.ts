import { z } from 'zod'

/** A resource that refers to a blob. */
export const Referrer = z.object({ model: z.string(), resource_id: z.string() }).readonly()
export type Referrer = z.output<typeof Referrer>

/**
 * The number of resources that are listed for each blob. A few resources are enough to find out why the blob is
 * missing.
 */
const MAX_REFERRERS = 3

/** A blob that does not exist or cannot be read, and the first resources that refer to it. */
export const MissingBlob = z.object({ id: z.string(), resources: z.array(Referrer).readonly() }).readonly()
export type MissingBlob = z.output<typeof MissingBlob>

/** Adds referrers to a list without duplicates, until the list has `MAX_REFERRERS` elements. */
export const addReferrers = (known: Referrer[], added: readonly Referrer[]): void => {
  for (const one of added) {
    if (known.length >= MAX_REFERRERS) return
    if (!known.some(({ model, resource_id }) => model === one.model && resource_id === one.resource_id)) known.push(one)
  }
}
