import type { ExportRequest } from '../jobs/job.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../jobs/messages.ts'
import type { Services } from '../runtime/services.ts'
import { beginJob, exportJob } from '../jobs/find-job.ts'
import { workKey } from './work-keys.ts'

/** One model's run of whole buckets (4 hex digits of `h`; `to` exclusive, `10000` the end). */
export interface ModelRange {
  readonly model: string
  readonly from: string
  readonly to: string
}

export interface ExportPlan {
  readonly started_at: string
  /** A child's ranges: one of a large model, or several small models whole. */
  readonly items: readonly (readonly ModelRange[])[]
}

const BUCKETS = 0x10000
/** More children than a Distributed Map runs are not planned. */
const MAX_ITEMS = 10_000
/** zstd-1 on record lines packs at about this ratio (`platform-facts`); a wrong guess costs a pass, never a timeout. */
const PACK_RATIO = 5.6

/** Decides which ranges of which models the children read. Writes `plan.json` once; a repeat gives the same plan. */
export const planExport = async ({ job_id }: StageInput, services: Services): Promise<PlannedItems> => {
  const job = await exportJob(services, job_id)
  await beginJob(services, job_id)
  const key = workKey.plan(job_id)
  const plan =
    (await services.objects.getJson<ExportPlan>(services.config.buckets.work, key)) ??
    (await keepPlan(services, key, {
      started_at: services.clock().toISOString(),
      items: await planItems(job.request, services),
    }))
  await services.jobs.plan(job_id, 'export-records', plan.items.length)
  return plannedItems(job_id, plan.items.length)
}

/** The plan that `planExport` wrote. */
export const exportPlan = async ({ objects, config }: Services, jobId: string): Promise<ExportPlan> => {
  const plan = await objects.getJson<ExportPlan>(config.buckets.work, workKey.plan(jobId))
  if (plan === undefined) throw new Error(`job ${jobId} has no plan`)
  return plan
}

const keepPlan = async (services: Services, key: string, plan: ExportPlan): Promise<ExportPlan> => {
  const { work } = services.config.buckets
  await services.objects.putJson(work, key, plan, { ifAbsent: true })
  return (await services.objects.getJson<ExportPlan>(work, key)) ?? plan
}

const planItems = async (request: ExportRequest, services: Services): Promise<ModelRange[][]> => {
  const sizes: { model: string; bytes: number }[] = []
  for (const model of request.models) sizes.push({ model, bytes: await packedBytes(model, request, services) })
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
  const rangeBytes = Math.max(services.limits.rangeBytes, total / (MAX_ITEMS / 2))

  const items: ModelRange[][] = []
  let shared: ModelRange[] = []
  let sharedBytes = 0
  const closeShared = (): void => {
    if (shared.length > 0) items.push(shared)
    shared = []
    sharedBytes = 0
  }
  for (const { model, bytes } of sizes) {
    const ranges = splitBuckets(model, Math.ceil(bytes / rangeBytes))
    if (ranges.length > 1) {
      items.push(...ranges.map((range) => [range]))
      continue
    }
    if (sharedBytes + bytes > rangeBytes) closeShared()
    shared.push(...ranges)
    sharedBytes += bytes
  }
  closeShared()
  return items
}

/** What a model's lines will take in the archive, by a sample of its hash space. Named ids are few: they share a child. */
const packedBytes = async (model: string, request: ExportRequest, services: Services): Promise<number> => {
  if (request.filters.ids !== undefined) return 0
  const { bytes, fraction } = await services.resources.sample(model, 1024 * 1024, 200)
  return bytes / fraction / PACK_RATIO
}

/** Cuts the hash space into `count` (at least one, at most one a bucket) even runs of whole buckets. */
export const splitBuckets = (model: string, count: number): ModelRange[] => {
  const ranges = Math.min(Math.max(count, 1), BUCKETS)
  const border = (k: number): string =>
    Math.floor((k * BUCKETS) / ranges)
      .toString(16)
      .padStart(4, '0')
  return Array.from({ length: ranges }, (_, k) => ({ model, from: border(k), to: border(k + 1) }))
}
