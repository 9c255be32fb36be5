import type { JobStore } from '../jobs/aws/job-store.ts'
import type { Unaccounted } from '../jobs/export-result.ts'
import { listedItems } from '../jobs/listed-resources.ts'
import { allResults } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import { UNACCOUNTED_REASONS } from '../resources/item-owner.ts'
import { ACCOUNT_ITEMS, EXPORT_PLAN } from './messages.ts'

/**
 * Returns the counts of the items that belong to no resource, and the first of these items, for the result of the job.
 * Returns undefined if the export has not searched for such items, or if the export has found no such item. If
 * `account-items` has failed, `incomplete` is true, and only the items of the passes before the failure are counted.
 */
export const unaccountedSummary = async (
  { jobs, workFiles }: { readonly jobs: JobStore; readonly workFiles: WorkFiles },
  jobId: string,
): Promise<Unaccounted | undefined> => {
  const { accounts_for_items } = await workFiles.read(EXPORT_PLAN, jobId)
  if (accounts_for_items !== true) return undefined
  const results = await allResults({ jobs }, jobId, ACCOUNT_ITEMS)
  const incomplete = results.at(-1)?.done !== true
  const reasons = Object.fromEntries(
    UNACCOUNTED_REASONS.map((reason) => [reason, results.reduce((sum, { counts }) => sum + (counts[reason] ?? 0), 0)]),
  )
  const count = Object.values(reasons).reduce((sum, each) => sum + each, 0)
  if (count === 0 && !incomplete) return undefined
  const list = results.at(-1)?.all_lines
  return {
    count,
    ...(incomplete ? { incomplete } : {}),
    reasons: Object.fromEntries(Object.entries(reasons).filter(([, each]) => each > 0)),
    items: listedItems(results.flatMap(({ first }) => first)),
    ...(list === undefined ? {} : { list: { bucket: list.bucket, key: list.key } }),
  }
}
