import type { JobStore } from '../jobs/aws/job-store.ts'
import type { Unaccounted } from '../jobs/job.ts'
import { listedItems } from '../jobs/listed-resources.ts'
import { allResults } from '../jobs/pass.ts'
import { UNACCOUNTED_REASONS } from '../resources/item-owner.ts'
import { ACCOUNT_ITEMS } from './messages.ts'

/**
 * Returns the counts and the first of the items that belong to no resource, for the result of the job. Returns
 * undefined if there are no such items.
 */
export const unaccountedSummary = async (
  stores: { readonly jobs: JobStore },
  jobId: string,
): Promise<Unaccounted | undefined> => {
  const results = await allResults(stores, jobId, ACCOUNT_ITEMS)
  const reasons = Object.fromEntries(
    UNACCOUNTED_REASONS.map((reason) => [reason, results.reduce((sum, { counts }) => sum + (counts[reason] ?? 0), 0)]),
  )
  const count = Object.values(reasons).reduce((sum, each) => sum + each, 0)
  if (count === 0) return undefined
  const list = results.at(-1)?.all_lines
  return {
    count,
    reasons: Object.fromEntries(Object.entries(reasons).filter(([, each]) => each > 0)),
    items: listedItems(results.flatMap(({ first }) => first)),
    ...(list === undefined ? {} : { list: { bucket: list.bucket, key: list.key } }),
  }
}
