import pMap from 'p-map'
import type { OpenArchive } from '../../archive/archive.ts'
import { openArchive } from '../../archive/open.ts'
import { checkShards, type ShardServices } from '../../jobs/check-shards.ts'
import { checkStores, type StoreCheckServices } from '../../jobs/check-stores.ts'
import { beginJob, restoreJob } from '../../jobs/find-job.ts'
import type { RestoreJob } from '../../jobs/job.ts'
import type { RestoreRequest } from '../../jobs/job-request.ts'
import type { Leases } from '../../jobs/aws/leases.ts'
import type { Limits } from '../../jobs/limits.ts'
import { plannedItems, type StageInput } from '../../jobs/messages.ts'
import type { WorkflowEngine } from '../../jobs/workflow-engine.ts'
import { emptyModels } from '../../resources/empty-models.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import { SectionMissingError, UnknownModelsError } from '../errors.ts'
import { CONVERTED_ARCHIVE } from '../messages/convert.ts'
import { type InspectOutput, RESTORE_PLAN, type RestorePlan } from '../messages/inspect.ts'
import { PREFLIGHT } from '../messages/preflight.ts'
import type { OpenRestoreServices } from '../open-restore.ts'
import { pinArchive } from '../pin-archive.ts'
import { writeUploadReport } from '../upload-report.ts'
import { planRanges } from './plan-ranges.ts'
import { takeTurn } from './wait-for-turn.ts'

interface InspectServices extends OpenRestoreServices, ShardServices, StoreCheckServices {
  readonly leases: Leases
  readonly workflows: Pick<WorkflowEngine, 'isRunning'>
  readonly limits: Pick<Limits, 'rangeBytes' | 'groupBytes' | 'queueSeconds' | 'mapItems'>
  readonly clock: () => Date
}

/**
 * Pins the archive and reads its manifest. If the archive is a stream, uses the archive to which the stream was
 * converted. Then checks the models of the restore and their shards, takes the leases of the models, and plans
 * `preflight`. If the stage is repeated, it keeps the plan and takes the leases again with new epochs. If an uploaded
 * archive must wait for another restore, plans nothing and returns the number of seconds to wait.
 */
export const inspect = async ({ job_id }: StageInput, services: InspectServices): Promise<InspectOutput> => {
  const { jobs, workFiles } = services
  const job = await restoreJob(services, job_id)
  // The job of an upload stays `queued` until it has the leases.
  if (job.source !== 'upload') await beginJob(services, job_id)
  let plan = await workFiles.find(RESTORE_PLAN, job_id)
  // If an upload has waited, the job already contains its models, and the archive need not be read again.
  const models = plan?.models ?? job.leased
  const seconds = models === undefined ? undefined : await acquireLeases(services, job, models, plan !== undefined)
  if (seconds !== undefined) return waiting(job_id, seconds)
  if (plan === undefined) {
    const planned = await planRestore(services, job)
    if (typeof planned === 'number') return waiting(job_id, planned)
    plan = planned
    await workFiles.write(RESTORE_PLAN, plan, job_id)
  }
  const { report_beside, archive } = job.request
  if (report_beside !== undefined && archive !== undefined)
    await writeUploadReport(services, archive, { job_id, status: 'running' })
  await jobs.plan(job_id, PREFLIGHT.name, plan.items.length)
  return { ...plannedItems(job_id, plan.items.length, services.limits), waiting: false, wait_seconds: 0 }
}

const waiting = (jobId: string, seconds: number): InspectOutput => ({
  job_id: jobId,
  items: [],
  count: 0,
  waiting: true,
  wait_seconds: seconds,
})

/** Returns the plan, or the number of seconds to wait for another restore. */
const planRestore = async (services: InspectServices, job: RestoreJob): Promise<RestorePlan | number> => {
  const { objects, workFiles, limits } = services
  const { job_id, request } = job
  const converted = await workFiles.find(CONVERTED_ARCHIVE, job_id)
  const pinned = converted?.archive ?? (await pinArchive(services, request))
  const archive = await openArchive(objects.sourceOf(pinned))
  const models = modelsToRestore(services.models, archive, request)
  await checkStores(['resource_table', 'blob_bucket', 'restore_bucket'], services)
  const emptyBefore = await checkShards(models, services)
  const seconds = await acquireLeases(services, job, models, false)
  if (seconds !== undefined) return seconds
  // This restore has the leases, so no other restore is writing to these models now. The stages with passes renew the
  // leases.
  const unfiltered = Object.keys(request.filters).length === 0
  return {
    archive: pinned,
    manifest_sha256: archive.manifestSha256,
    ...(converted === undefined ? {} : { converted }),
    proven_manifest: archive.provenManifest,
    models,
    unfiltered,
    reads_all_blobs: unfiltered && models.length === archive.manifest.scope.models.length,
    empty_models: await findEmptyModels(services, models, emptyBefore),
    items: planRanges(archive, models, request.filters.ids, limits),
    blob_segments: archive.segments.flatMap(({ model }, k) => (model === undefined ? [k] : [])),
    missing_blobs: archive.manifest.missing_blobs,
  }
}

/** The number of models whose first shards are queried at the same time. */
const PARALLEL_MODELS = 8

/** Returns the models without items. `emptyBefore` contains models that had no items a moment ago. */
const findEmptyModels = async (
  services: InspectServices,
  models: readonly string[],
  emptyBefore: ReadonlySet<string>,
): Promise<string[]> => {
  // Most models with items have some in their first shard.
  const mayBeEmpty = await pMap(
    models,
    async (model) => emptyBefore.has(model) || (await services.resources.isEmpty(model, 1)),
    { concurrency: PARALLEL_MODELS },
  )
  const candidates = models.filter((_, k) => mayBeEmpty[k] === true)
  const checked = candidates.map((model) => ({ model, shards: services.models.get(model).shards }))
  return emptyModels(checked, services)
}

/**
 * Returns the requested models, or all models of the archive. Throws `SectionMissingError` if the archive has no
 * section for a model, and `UnknownModelsError` if a model is not registered.
 */
const modelsToRestore = (
  registry: ModelRegistry,
  { manifest }: OpenArchive,
  request: RestoreRequest,
): readonly string[] => {
  const sections = manifest.scope.models
  const models = request.models ?? sections
  const missing = models.find((model) => !sections.includes(model))
  if (missing !== undefined) throw new SectionMissingError(missing, sections)
  const unknown = models.filter((model) => !registry.has(model))
  if (unknown.length > 0) throw new UnknownModelsError(unknown, registry.names)
  return models
}

/** Takes the leases, unless the job is a dry run. Returns `undefined` on success, or the number of seconds to wait. */
const acquireLeases = async (
  services: InspectServices,
  job: RestoreJob,
  models: readonly string[],
  holdsLeases: boolean,
): Promise<number | undefined> => (job.request.dry_run ? undefined : takeTurn(services, job, models, holdsLeases))
