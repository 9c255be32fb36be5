import * as z from 'zod'

/** A resource that refers to a blob. */
export const Referrer = z.object({ model: z.string(), resource_id: z.string() }).readonly()
export type Referrer = z.output<typeof Referrer>

/**
 * The number of resources that are listed for each blob. A few resources are enough to find out why the blob is
 * missing.
 */
const MAX_REFERRERS = 3

/** A blob that does not exist or cannot be read, and the first resources that refer to it. */
export const MissingBlob = z
  .object({
    id: z.string(),
    resources: z.array(Referrer).readonly(),
    /**
     * Why the blob cannot be read, although it exists. Absent if the blob does not exist, or if the reason is unknown.
     */
    reason: z.exactOptional(z.string()),
  })
  .readonly()
export type MissingBlob = z.output<typeof MissingBlob>

/** Returns a `MissingBlob` without further members that the given object may have. Omits an undefined `reason`. */
export const missingBlob = ({
  id,
  resources,
  reason,
}: Pick<MissingBlob, 'id' | 'resources'> & { readonly reason?: string | undefined }): MissingBlob => ({
  id,
  resources,
  ...(reason === undefined ? {} : { reason }),
})

/** Adds referrers to a list without duplicates, until the list has `MAX_REFERRERS` elements. */
export const addReferrers = (known: Referrer[], added: readonly Referrer[]): void => {
  for (const one of added) {
    if (known.length >= MAX_REFERRERS) return
    if (!known.some(({ model, resource_id }) => model === one.model && resource_id === one.resource_id)) known.push(one)
  }
}
