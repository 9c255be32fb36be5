import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { BLOB_LIST, type PreflightBlobsResult } from '../messages/preflight-blobs.ts'
import { APPLY_BLOBS, APPLY_RECORDS, BLOB_CONFLICTS, SKIPPED_AFTER_CONFLICT } from '../messages/apply.ts'

interface ApplyResults {
  readonly jobs: JobStore
  readonly workFiles: WorkFiles
}

/**
 * Returns the ids of the blobs that the target had at `preflight-blobs` with other bytes or headers, and that the
 * strategy `skip` keeps.
 */
export const blobConflicts = async (
  { workFiles }: { readonly workFiles: WorkFiles },
  results: readonly PreflightBlobsResult[],
): Promise<string[]> => {
  const ids: string[] = []
  for (const { list, actions } of results) {
    if (actions.conflict === 0) continue
    for (const { id, action } of await workFiles.readPinned(BLOB_LIST, list)) if (action === 'conflict') ids.push(id)
  }
  return ids
}

/**
 * Returns the ids of the blobs that another writer created after `preflight-blobs`, and that the strategy `skip` kept.
 * If `n` is given, returns only the blobs of the list with this index.
 */
export const lateBlobConflicts = async (
  { jobs, workFiles }: ApplyResults,
  jobId: string,
  n?: number,
): Promise<string[]> => {
  const ids: string[] = []
  for await (const { result } of jobs.results(jobId, APPLY_BLOBS, n)) {
    if (result.conflicts === undefined) continue
    // `ids.push(...list)` would fail for a very long list, because the number of arguments of a call is limited.
    for (const id of await workFiles.readPinned(BLOB_CONFLICTS, result.conflicts)) ids.push(id)
  }
  return ids
}

/**
 * Returns the ids of the resources in the extent with index `n` that were skipped, because another writer created them
 * after `preflight`.
 */
export const idsSkippedAfterConflict = async (
  { jobs, workFiles }: ApplyResults,
  jobId: string,
  n: number,
): Promise<ReadonlySet<string>> => {
  const ids = new Set<string>()
  for await (const { result } of jobs.results(jobId, APPLY_RECORDS, n)) {
    if (result.skipped_after_conflict === undefined) continue
    for (const id of await workFiles.readPinned(SKIPPED_AFTER_CONFLICT, result.skipped_after_conflict)) ids.add(id)
  }
  return ids
}
