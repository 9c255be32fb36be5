import * as z from 'zod'
import type { Job } from '../../shared/jobs/job.ts'
import type { WorkFiles } from '../../shared/jobs/work-files.ts'
import {
  FIRST_DIFFERENCES,
  type FirstDifferences,
  DifferingResource,
} from '../../shared/restore/messages/differences.ts'
import { bytesInResponse, MAX_PAGE_BYTES } from '../../shared/values/response-size.ts'

/**
 * The largest size of all listed ids in the response of a Lambda function. Only very long ids reach it. The rest of
 * `MAX_PAGE_BYTES` is for the other members of the job.
 */
const MAX_IDS_BYTES = MAX_PAGE_BYTES / 2

const GroupView = z
  .object({
    count: z.int().describe('The number of all resources of the group'),
    resources: z
      .exactOptional(z.array(DifferingResource).readonly())
      .describe('The first resources, at most 1,000, in the order of the archive. Absent after 7 days'),
  })
  .readonly()

/** The resources that differ between an archive and the store, by group. A group without resources is absent. */
export const DifferencesView = z
  .object({
    new: z.exactOptional(GroupView),
    changed: z.exactOptional(GroupView),
    missing: z.exactOptional(GroupView),
    target_only: z.exactOptional(GroupView),
  })
  .readonly()
type DifferencesView = z.output<typeof DifferencesView>

/**
 * Returns an object with the member `differences` of the result of a dry run, or of a restore whose verification
 * failed: for each group, the number of resources and the first ids. After the ids were deleted, only the numbers. If
 * the job found no differences, or is another job, returns an empty object.
 */
export const differencesView = async (
  { workFiles }: { readonly workFiles: WorkFiles },
  job: Job,
): Promise<{ readonly differences?: DifferencesView }> => {
  if (job.kind !== 'restore' || job.result?.differences === undefined) return {}
  const { dry_run, verification, differences } = job.result
  if (dry_run === undefined && verification.passed) return {}
  const counts = Object.entries(differences)
  if (counts.length === 0) return {}
  const first = await workFiles.find(FIRST_DIFFERENCES, job.job_id)
  return { differences: first === undefined ? withoutIds(counts) : cutIds(first) }
}

const withoutIds = (counts: readonly (readonly [group: string, count: number])[]): DifferencesView =>
  Object.fromEntries(counts.map(([group, count]) => [group, { count }]))

/** Removes the last ids, so that all ids together have at most `MAX_IDS_BYTES`. */
const cutIds = (first: FirstDifferences): DifferencesView => {
  let left = MAX_IDS_BYTES
  const cut = Object.entries(first).map(([group, { count, resources }]) => {
    const fitting = resources.findIndex((resource) => (left -= bytesInResponse(resource)) < 0)
    return [group, { count, resources: fitting === -1 ? resources : resources.slice(0, fitting) }] as const
  })
  return Object.fromEntries(cut)
}
