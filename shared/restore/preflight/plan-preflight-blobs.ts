import type { BlobReferenceList } from '../../blobs/blob-reference-list.ts'
import { allResults, untyped } from '../../jobs/pass.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../../jobs/messages.ts'
import type { Services } from '../../runtime/services.ts'
import { openPlanned, restorePlan } from '../inspect/restore-plan.ts'
import type { PreflightResult } from './preflight.ts'
import { workKey } from '../work-keys.ts'

export interface RestoreBlobPlan {
  readonly lists: readonly BlobReferenceList[]
  /** Each child's blob segments, by their place in the manifest. One child without any looks for what is missing. */
  readonly items: readonly (readonly number[])[]
}

/** Divides the archive's blob segments among children of about `rangeBytes` each. */
export const planPreflightBlobs = async ({ job_id }: StageInput, services: Services): Promise<PlannedItems> => {
  const plan = await restorePlan(services, job_id)
  const archive = await openPlanned(services, plan)
  const results = await allResults(services, job_id, untyped<PreflightResult>('preflight'))
  const lists = results.map(({ seen }) => seen).filter(({ payloads, blobs }) => payloads + blobs > 0)
  const items: number[][] = []
  let bytes = Infinity
  for (const segment of plan.blob_segments) {
    const size = archive.segments[segment]?.size ?? 0
    if (bytes + size > services.limits.rangeBytes) {
      items.push([])
      bytes = 0
    }
    items.at(-1)?.push(segment)
    bytes += size
  }
  if (items.length === 0 && lists.length > 0) items.push([])
  const blobPlan: RestoreBlobPlan = { lists, items }
  await services.objects.putJson(services.config.buckets.work, workKey.blobPlan(job_id), blobPlan)
  await services.jobs.plan(job_id, 'preflight-blobs', items.length)
  return plannedItems(job_id, items.length)
}

/** The plan that `planPreflightBlobs` wrote. */
export const restoreBlobPlan = async ({ objects, config }: Services, jobId: string): Promise<RestoreBlobPlan> => {
  const plan = await objects.getJson<RestoreBlobPlan>(config.buckets.work, workKey.blobPlan(jobId))
  if (plan === undefined) throw new Error(`job ${jobId} has no blob plan`)
  return plan
}
