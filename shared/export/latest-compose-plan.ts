import type { WorkFiles } from '../jobs/work-files.ts'
import { COMPOSE_PLAN, type ComposePlan } from './messages.ts'

/** The plan of the latest round, and the round's number. Rounds are few: each joins up to 10,000 segments into 1,000. */
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
