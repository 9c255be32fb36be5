import type { WorkFiles } from '../jobs/work-files.ts'
import { COMPOSE_PLAN, type ComposePlan } from './messages.ts'

/**
 * Returns the plan of the latest round, and the number of that round. Reads one file per round. There are few rounds,
 * because a round joins all segments into at most 1,000 objects.
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
