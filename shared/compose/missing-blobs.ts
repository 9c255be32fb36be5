import { z } from 'zod'
import type { Attempt } from '../jobs/pass.ts'
import type { WorkFile, WorkFiles } from '../jobs/work-files.ts'
import type { PinnedObject } from '../objects/object.ts'
import { compareBytes } from '../values/text-order.ts'

/** Ids of blobs that payloads refer to and that do not exist, as one pass found them. */
export const MISSING_BLOBS: WorkFile<readonly string[], [n: number, attempt: string]> = {
  name: (n, attempt) => `missing/${n}/${attempt}`,
  content: z.array(z.string()).readonly(),
}

/** The member of a pass's result that refers to a file of `MISSING_BLOBS`. Absent if no blob is missing. */
export interface MissingBlobs {
  readonly missing_list?: PinnedObject
}

export const writeMissingBlobs = async (
  workFiles: WorkFiles,
  { job_id, n, attempt }: Attempt,
  ids: readonly string[],
): Promise<MissingBlobs> =>
  ids.length === 0 ? {} : { missing_list: await workFiles.write(MISSING_BLOBS, ids, job_id, n, attempt) }

/** The ids of missing blobs of all passes, each once, sorted by UTF-8 bytes. */
export const readMissingBlobs = async (workFiles: WorkFiles, results: readonly MissingBlobs[]): Promise<string[]> => {
  // Several passes can miss the same blob: a stream contains a blob once for every model that refers to it.
  const ids = new Set<string>()
  for (const { missing_list } of results) {
    if (missing_list === undefined) continue
    for (const id of await workFiles.readPinned(MISSING_BLOBS, missing_list)) ids.add(id)
  }
  return [...ids].sort(compareBytes)
}
