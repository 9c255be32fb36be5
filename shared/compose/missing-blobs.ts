import { z } from 'zod'
import type { Attempt } from '../jobs/pass.ts'
import type { WorkFile, WorkFiles } from '../jobs/work-files.ts'
import type { PinnedObject } from '../objects/object.ts'
import { compareBytes } from '../values/text-order.ts'

/** The file in which one pass lists missing blobs: ids to which payloads refer, but for which no blob exists. */
export const MISSING_BLOBS: WorkFile<readonly string[], [n: number, attempt: string]> = {
  name: (n, attempt) => `missing/${n}/${attempt}`,
  content: z.array(z.string()).readonly(),
}

/** The part of a pass's result that is about missing blobs. */
export interface MissingBlobs {
  /** A file of `MISSING_BLOBS`. Absent if no blob is missing. */
  readonly missing_list?: PinnedObject
}

/** Writes the ids of missing blobs to a file of `MISSING_BLOBS`. Writes no file if there are no ids. */
export const writeMissingBlobs = async (
  workFiles: WorkFiles,
  { job_id, n, attempt }: Attempt,
  ids: readonly string[],
): Promise<MissingBlobs> =>
  ids.length === 0 ? {} : { missing_list: await workFiles.write(MISSING_BLOBS, ids, job_id, n, attempt) }

/** Returns the ids of the missing blobs of all passes without duplicates, sorted by UTF-8 bytes. */
export const readMissingBlobs = async (workFiles: WorkFiles, results: readonly MissingBlobs[]): Promise<string[]> => {
  // Several passes can list the same blob, because a stream contains a blob once for every model that refers to it.
  const ids = new Set<string>()
  for (const { missing_list } of results) {
    if (missing_list === undefined) continue
    for (const id of await workFiles.readPinned(MISSING_BLOBS, missing_list)) ids.add(id)
  }
  return [...ids].sort(compareBytes)
}
