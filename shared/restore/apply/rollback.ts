import { type PassResult, runPass, untyped } from '../../jobs/pass.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import {
  type FailInput,
  type PassInput,
  type PassOutput,
  type PlannedItems,
  plannedItems,
} from '../../jobs/messages.ts'
import { keyOf } from '../../tables/item.ts'
import { metadataKey } from '../../resources/keys.ts'
import type { Services } from '../../runtime/services.ts'
import { type ExtentCursor, extentEvents } from '../extents.ts'
import { openPlanned, restorePlan } from '../inspect/restore-plan.ts'
import { applyPlan } from './plan-apply-records.ts'

/**
 * One child for each extent that may have been written; none where it was no conflict that brought us here: a distributed map
 * does not say what its child failed with. The lease is taken anew: workers that are still under way lose it with its epoch.
 * The error stays in the state.
 */
export const planRollback = async (
  { job_id, error }: FailInput,
  services: Services,
): Promise<PlannedItems & Pick<FailInput, 'error'>> => {
  if ((await services.jobs.failure(job_id, 'ConflictError')) === undefined) return { ...plannedItems(job_id, 0), error }
  const { models } = await restorePlan(services, job_id)
  await services.leases.takeAll(models, job_id)
  const count = (await applyPlan(services, job_id)).length
  await services.jobs.plan(job_id, 'rollback', count)
  return { ...plannedItems(job_id, count), error }
}

/** One pass of taking back what a restore under `raise_error` wrote: only what still bears its `applied_by`, metadata first. */
export const rollback = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass(untyped<PassResult>('rollback'), input, services, async (attempt) => {
    const { job_id, n } = attempt
    const job = await restoreJob(services, job_id)
    const plan = await restorePlan(services, job_id)
    const extent = (await applyPlan(services, job_id))[n]
    if (extent === undefined) throw new Error(`job ${job_id} has no extent ${n}`)
    const archive = await openPlanned(services, plan)
    const lease = services.leases.held([extent.model], job_id)
    const writer = services.resources.writer({ guard: () => lease.check() })
    const { shards } = services.models.get(extent.model)
    const start = attempt.cursor === undefined ? undefined : (JSON.parse(attempt.cursor) as ExtentCursor)
    let bucket: string | undefined
    for await (const events of extentEvents(services, archive, extent, job, start)) {
      for (const event of events) {
        if (event.kind !== 'begin') continue
        const { metadata, cursor } = event.resource
        if (bucket !== undefined && cursor.from.bucket !== bucket && attempt.timeIsUp())
          return { done: false, cursor: JSON.stringify(cursor) }
        bucket = cursor.from.bucket
        await writer.removeIfAppliedBy(metadataKey(extent.model, metadata.id, shards), job_id)
        const revisions = await services.resources.getRevisions(extent.model, metadata.id)
        await Promise.all(revisions.map((item) => writer.removeIfAppliedBy(keyOf(item), job_id)))
      }
    }
    return { done: true }
  })
