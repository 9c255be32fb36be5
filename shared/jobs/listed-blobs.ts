import { missingBlob, type MissingBlob } from '../blobs/referrer.ts'
import { listedIds, MAX_LISTED, MAX_LISTED_CHARACTERS, truncate } from '../values/message-text.ts'
import type { ListedBlobs } from './job-lists.ts'
import { firstWithin } from './listed-resources.ts'

/** The largest size of the list `referred_by` in the item of a job, in bytes of JSON. */
const MAX_REFERRER_BYTES = 14 * 1024

/** Returns the number of blobs and the first 100 ids, for job items and responses. */
export const listedBlobs = (ids: readonly string[]): ListedBlobs => ({ count: ids.length, ids: listedIds(ids) })

/** Returns the number of missing blobs, their first 100 ids, and the first resources that refer to these blobs. */
export const listedMissingBlobs = (missing: readonly MissingBlob[]): ListedBlobs => ({
  ...listedBlobs(missing.map(({ id }) => id)),
  ...listedReferrers(missing),
})

/**
 * Returns an object with the member `referred_by`, which lists at most 100 blobs in at most 14 KiB. If no referring
 * resource is known, returns an empty object.
 */
export const listedReferrers = (missing: readonly MissingBlob[]): Pick<ListedBlobs, 'referred_by'> => {
  const referred_by = firstWithin(
    missing
      .slice(0, MAX_LISTED)
      .filter(({ resources }) => resources.length > 0)
      .map((blob) => missingBlob({ ...blob, id: truncate(blob.id, MAX_LISTED_CHARACTERS) })),
    MAX_REFERRER_BYTES,
  )
  return referred_by.length === 0 ? {} : { referred_by }
}
