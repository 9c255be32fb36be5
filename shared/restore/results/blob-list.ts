import type { JobStore } from '../../jobs/aws/job-store.ts'
import { allResults } from '../../jobs/pass.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { BLOB_LIST, PREFLIGHT_BLOBS, type RestoredBlob } from '../messages/preflight-blobs.ts'

/** Returns the list of blobs with index `n` among the results of `preflight-blobs`. Throws if there is no such list. */
export const blobList = async (
  { jobs, workFiles }: { readonly jobs: JobStore; readonly workFiles: WorkFiles },
  jobId: string,
  n: number,
): Promise<readonly RestoredBlob[]> => {
  const result = (await allResults({ jobs }, jobId, PREFLIGHT_BLOBS))[n]
  if (result === undefined) throw new Error(`job ${jobId} has no blob list ${n}`)
  return workFiles.readPinned(BLOB_LIST, result.list)
}
