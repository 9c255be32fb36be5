import * as z from 'zod'
import type { Job } from '../../shared/jobs/job.ts'
import type { WorkFiles } from '../../shared/jobs/work-files.ts'
import { FIRST_DIFFERENCES, DifferingResource } from '../../shared/restore/messages/differences.ts'

const GroupView = z
  .object({
    count: z.int().describe('The number of all resources of the group'),
    resources: z
      .exactOptional(z.array(DifferingResource).readonly())
      .describe('The first 1,000 resources, in the order of the archive. Absent after 7 days'),
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
  const first = await workFiles.find(FIRST_DIFFERENCES, job.job_id)
  return {
    differences: first ?? Object.fromEntries(Object.entries(differences).map(([group, count]) => [group, { count }])),
  }
}
