import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { BLOB_LIST, BLOB_LISTS, PREFLIGHT_BLOBS, type RestoredBlob } from '../messages/preflight-blobs.ts'

/**
 * Returns the list of blobs with index `index` among the results of `preflight-blobs`. Throws if there is no such list.
 */
export const blobList = async (
  { jobs, workFiles }: { readonly jobs: JobStore; readonly workFiles: WorkFiles },
  jobId: string,
  index: number,
): Promise<readonly RestoredBlob[]> => {
  const key = (await workFiles.read(BLOB_LISTS, jobId))[index]
  const result = key === undefined ? undefined : await jobs.getResult(jobId, PREFLIGHT_BLOBS, key.n, key.pass)
  if (result === undefined) throw new Error(`job ${jobId} has no blob list ${index}`)
  return workFiles.readPinned(BLOB_LIST, result.list)
}
