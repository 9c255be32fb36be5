import type { WorkFiles } from '../jobs/work-files.ts'
import { COMPOSE_PLAN, type ComposePlan } from './messages.ts'

/**
 * Returns the plan of the latest round, and the number of this round. Reads one file for each round. There are few
 * rounds, because each round joins all segments into at most 1,000 objects.
 */
export const latestComposePlan = async (
  workFiles: WorkFiles,
  jobId: string,
): Promise<{ plan: ComposePlan; round: number }> => {
  let plan = await workFiles.read(COMPOSE_PLAN, jobId, 0)
  for (let round = 0; ; round++) {
    if (plan.kind === 'archive') return { plan, round }
    const next = await workFiles.find(COMPOSE_PLAN, jobId, round + 1)
    if (next === undefined) return { plan, round }
    plan = next
  }
}
