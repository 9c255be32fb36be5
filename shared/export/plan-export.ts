import pMap from 'p-map'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { checkShards, type ShardServices } from '../jobs/check-shards.ts'
import { checkStores, type StoreCheckServices } from '../jobs/check-stores.ts'
import { beginJob, exportJob } from '../jobs/find-job.ts'
import type { ExportRequest } from '../jobs/job-request.ts'
import type { Limits } from '../jobs/limits.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../jobs/messages.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ModelRegistry } from '../resources/models.ts'
import { bitReversed } from '../values/bit-reversed.ts'
import { EXPORT_PLAN, EXPORT_RECORDS, type ExportPlan, type ModelRange } from './messages.ts'

/** The number of digest buckets, whose names have 4 hex digits. */
const DIGEST_BUCKETS = 0x10000
/**
 * The number of map items from which a plan has larger ranges instead of more map items. Each map item has at least one
 * segment, and an archive of more than 9,900 parts is composed in two rounds.
 */
const MAX_ITEMS = 5_000
/**
 * An export has at least this number of ranges, unless they would be smaller than `SMALL_RANGE_BYTES`. DynamoDB returns
 * the pages of a partition one after the other, so a pass over one large range spends much of its time waiting.
 */
const MIN_RANGES = 4
/** The estimated size in compressed bytes below which a range is not divided further to reach `MIN_RANGES`. */
const SMALL_RANGE_BYTES = 3 * 1024 * 1024
/**
 * The measured factor by which zstd level 1 compresses record lines. If the lines of a model compress less well, its
 * map items need more passes, but no pass exceeds its time limit.
 */
const COMPRESSION_RATIO = 5.6
/** The number of models that are sampled at the same time. Most of the time is latency. */
const PARALLEL_MODELS = 8

interface Sampling extends ShardServices {
  readonly limits: Limits
}

/**
 * Plans the map items of `export-records`, each with the ranges of digest buckets that it reads. If a plan exists, uses
 * the existing plan, so that repeated attempts agree. Throws `ExistingStoresError` if an existing store does not have
 * the required settings, and `ShardsChangedError` if the number of shards of a model has changed.
 */
export const planExport = async (
  { job_id }: StageInput,
  services: Sampling &
    StoreCheckServices & {
      readonly config: { readonly account_items: boolean }
      readonly jobs: JobStore
      readonly models: ModelRegistry
      readonly workFiles: WorkFiles
      readonly clock: () => Date
    },
): Promise<PlannedItems> => {
  const { config, jobs, workFiles, clock } = services
  const { request } = await exportJob(services, job_id)
  await beginJob(services, job_id)
  await checkStores(['resource_table', 'blob_bucket'], services)
  // An item that is written after this time need not be exported. The time precedes the search for empty models,
  // because a model that was empty then is not read.
  const started_at = clock().toISOString()
  const empty = await checkShards(request.models, services)
  const { items, expected } =
    (await workFiles.find(EXPORT_PLAN, job_id)) ??
    (await workFiles.writeOnce(
      EXPORT_PLAN,
      {
        started_at,
        ...(await planItems(request, empty, services)),
        blob_paths: services.models.blobPathsOf(request.models),
        accounts_for_items: config.account_items && isExportOfEverything(request, services.models),
      },
      job_id,
    ))
  await jobs.plan(job_id, EXPORT_RECORDS.name, items.length, expected)
  return plannedItems(job_id, items.length, services.limits)
}

/** Returns true if the export reads all resources of all registered models. */
const isExportOfEverything = (
  { models, route_model, filters }: ExportRequest,
  registry: ShardServices['models'],
): boolean =>
  route_model === undefined &&
  Object.keys(filters).length === 0 &&
  registry.names.every((name) => models.includes(name))

interface RecordsEstimate {
  readonly model: string
  readonly bytes: number
  readonly isEmpty: boolean
  readonly resources: number
  readonly revisions: number
}

/** Plans the map items. Models without items have none. `empty` contains models that are known to have no items. */
const planItems = async (
  request: ExportRequest,
  empty: ReadonlySet<string>,
  services: Sampling,
): Promise<Pick<ExportPlan, 'items' | 'expected'>> => {
  const models = request.models.filter((model) => !empty.has(model))
  const estimates = await pMap(models, (model) => estimate(model, request, services), { concurrency: PARALLEL_MODELS })
  const sizes = estimates.flatMap(({ model, bytes, isEmpty }) => (isEmpty ? [] : [{ model, bytes }]))
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
  const rangeBytes = rangeBytesOf(total, services.limits)

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
      items.push(
        ...bitReversed(ranges.length)
          .flatMap((k) => ranges.slice(k, k + 1))
          .map((range) => [range]),
      )
      continue
    }
    if (sharedBytes + bytes > rangeBytes) closeShared()
    shared.push(...ranges)
    sharedBytes += bytes
  }
  closeShared()
  if (Object.keys(request.filters).length > 0) return { items }
  const sum = (name: 'resources' | 'revisions'): number => estimates.reduce((total, counts) => total + counts[name], 0)
  return { items, expected: { resources: sum('resources'), revisions: sum('revisions') } }
}

/** Returns the size of a range in compressed bytes. `total` is the estimated size of all models. */
export const rangeBytesOf = (total: number, limits: Pick<Limits, 'rangeBytes'>): number =>
  Math.max(Math.min(limits.rangeBytes, Math.max(total / MIN_RANGES, SMALL_RANGE_BYTES)), total / MAX_ITEMS)

/**
 * Estimates the numbers of a model's resources and revisions, and the compressed size of its records in bytes. If the
 * request has the filter `ids`, returns 0, because such exports are small.
 */
const estimate = async (model: string, request: ExportRequest, { resources }: Sampling): Promise<RecordsEstimate> => {
  if (request.filters.ids !== undefined) return { model, bytes: 0, isEmpty: false, resources: 0, revisions: 0 }
  const { lineBytes, ...counts } = await resources.estimate(model)
  return { model, bytes: lineBytes / COMPRESSION_RATIO, isEmpty: lineBytes === 0, ...counts }
}

/**
 * Splits all digest buckets of a model into `count` ranges of nearly equal size. Returns at least one range, and at
 * most one range for each digest bucket.
 */
export const splitBuckets = (model: string, count: number): ModelRange[] => {
  const ranges = Math.min(Math.max(count, 1), DIGEST_BUCKETS)
  const border = (k: number): string =>
    Math.floor((k * DIGEST_BUCKETS) / ranges)
      .toString(16)
      .padStart(4, '0')
  return Array.from({ length: ranges }, (_, k) => ({ model, from: border(k), to: border(k + 1) }))
}
