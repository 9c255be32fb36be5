import { type CellRange, planCells, type BlobReferenceList } from '../blobs/blob-references.ts'
import { allResults, untyped } from '../jobs/pass.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../jobs/messages.ts'
import type { Services } from '../runtime/services.ts'
import type { RecordsResult } from './records.ts'
import { workKey } from './work-keys.ts'

export interface BlobPlan {
  readonly lists: readonly BlobReferenceList[]
  readonly items: readonly CellRange[]
}

/** Cuts what the record workers saw into ranges of hash: a blob that a million resources share falls into one of them, once. */
export const planExportBlobs = async ({ job_id }: StageInput, services: Services): Promise<PlannedItems> => {
  const results = await allResults(services, job_id, untyped<RecordsResult>('export-records'))
  const lists = results.map(({ seen }) => seen).filter(({ payloads, blobs }) => payloads + blobs > 0)
  const plan: BlobPlan = { lists, items: planCells(lists, services.limits.blobsPerRange) }
  await services.objects.putJson(services.config.buckets.work, workKey.blobPlan(job_id), plan)
  await services.jobs.plan(job_id, 'export-blobs', plan.items.length)
  return plannedItems(job_id, plan.items.length)
}
