import * as z from 'zod'
import { BlobsMissingError } from '../blobs/errors.ts'
import { addReferrers, MissingBlob, missingBlob, type Referrer } from '../blobs/referrer.ts'
import { listedReferrers } from '../jobs/listed-blobs.ts'
import type { Attempt } from '../jobs/pass.ts'
import type { WorkFile, WorkFiles } from '../jobs/work-files.ts'
import type { PinnedObject } from '../objects/object.ts'
import { compareBytes } from '../values/text-order.ts'

/** A file in which one pass lists the blobs to which payloads refer, but which are missing or cannot be read. */
const MISSING_BLOBS: WorkFile<readonly MissingBlob[], [n: number, attempt: string]> = {
  name: (n, attempt) => `missing/${n}/${attempt}`,
  content: z.array(MissingBlob).readonly(),
}

/** The part of the result of a pass that refers to its list of missing blobs. */
interface MissingBlobs {
  /** A file of `MISSING_BLOBS`. Absent if no blob is missing. */
  readonly missing_list?: PinnedObject
}

/**
 * Writes missing blobs to a file of `MISSING_BLOBS`. Returns an object with the member `missing_list`, which refers to
 * the file. If no blob is missing, writes no file and returns an empty object.
 */
export const writeMissingBlobs = async (
  workFiles: WorkFiles,
  { job_id, n, attempt }: Attempt,
  missing: readonly MissingBlob[],
): Promise<MissingBlobs> => {
  if (missing.length === 0) return {}
  const blobs = missing.map(missingBlob)
  return { missing_list: await workFiles.write(MISSING_BLOBS, blobs, job_id, n, attempt) }
}

/** Returns the missing blobs of all passes without duplicates, sorted by the UTF-8 bytes of their ids. */
export const readMissingBlobs = async (
  workFiles: WorkFiles,
  results: readonly MissingBlobs[],
): Promise<MissingBlob[]> => {
  // Several passes can list the same blob, because a SpecStar stream contains each blob once for every model that
  // refers to the blob.
  const merged = new Map<string, { readonly resources: Referrer[]; readonly reason?: string | undefined }>()
  for (const { missing_list } of results) {
    if (missing_list === undefined) continue
    for (const { id, resources, reason } of await workFiles.readPinned(MISSING_BLOBS, missing_list)) {
      const known = merged.get(id)
      if (known === undefined) merged.set(id, { resources: [...resources], reason })
      else addReferrers(known.resources, resources)
    }
  }
  const byName = (a: Referrer, b: Referrer): number =>
    compareBytes(a.model, b.model) || compareBytes(a.resource_id, b.resource_id)
  return [...merged]
    .map(([id, { resources, reason }]) => missingBlob({ id, resources: resources.sort(byName), reason }))
    .sort((a, b) => compareBytes(a.id, b.id))
}

/** Returns the error that a strict export throws if blobs are missing. */
export const missingError = (missing: readonly MissingBlob[]): BlobsMissingError =>
  new BlobsMissingError(
    missing.map(({ id }) => id),
    listedReferrers(missing).referred_by,
    'Restore the blobs, or export with strict=false to leave them out',
  )
