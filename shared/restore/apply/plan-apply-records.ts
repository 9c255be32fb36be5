import { type PlannedItems, plannedItems, type StageInput } from '../../jobs/messages.ts'
import type { Services } from '../../runtime/services.ts'
import { allExtents, bitReversed } from '../extents.ts'
import type { Extent } from '../preflight/preflight.ts'
import { workKey } from '../work-keys.ts'

/** One child for each extent that preflight checked, so that decisions and resources keep step. */
export const planApplyRecords = async ({ job_id }: StageInput, services: Services): Promise<PlannedItems> => {
  const extents = (await allExtents(services, job_id)).filter(({ resources }) => resources > 0)
  const inOrder = extents.length === 0 ? [] : bitReversed(extents.length).flatMap((place) => extents[place] ?? [])
  await services.objects.putJson(services.config.buckets.work, workKey.applyPlan(job_id), inOrder)
  await services.jobs.plan(job_id, 'apply-records', inOrder.length)
  return plannedItems(job_id, inOrder.length)
}

/** The extents in the order in which they are applied. */
export const applyPlan = async ({ objects, config }: Services, jobId: string): Promise<Extent[]> => {
  const plan = await objects.getJson<Extent[]>(config.buckets.work, workKey.applyPlan(jobId))
  if (plan === undefined) throw new Error(`job ${jobId} has no plan of records`)
  return plan
}
