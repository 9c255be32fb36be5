import { allResults, untyped } from '../../jobs/pass.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../../jobs/messages.ts'
import type { Services } from '../../runtime/services.ts'
import { applyPlan } from '../apply/plan-apply-records.ts'
import type { PreflightBlobsResult } from '../preflight/preflight-blobs.ts'

/** First the extents of records, then the lists of blobs: one child each. */
export const planVerify = async ({ job_id }: StageInput, services: Services): Promise<PlannedItems> => {
  const extents = (await applyPlan(services, job_id)).length
  const lists = (await allResults(services, job_id, untyped<PreflightBlobsResult>('preflight-blobs'))).length
  await services.jobs.plan(job_id, 'verify', extents + lists)
  return plannedItems(job_id, extents + lists)
}
