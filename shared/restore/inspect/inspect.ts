import type { OpenArchive } from '../../archive/archive.ts'
import { openArchive } from '../../archive/open.ts'
import { checkShards, type ShardServices } from '../../jobs/check-shards.ts'
import { JobCancelledError } from '../../jobs/errors.ts'
import { beginJob, restoreJob } from '../../jobs/find-job.ts'
import type { RestoreRequest } from '../../jobs/job.ts'
import type { Leases } from '../../jobs/aws/leases.ts'
import type { Limits } from '../../jobs/limits.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../../jobs/messages.ts'
import type { ModelRegistry } from '../../resources/models.ts'
import { SectionMissingError, UnknownModelsError } from '../errors.ts'
import { CONVERTED_ARCHIVE } from '../messages/convert.ts'
import { RESTORE_PLAN, type RestorePlan } from '../messages/inspect.ts'
import { PREFLIGHT } from '../messages/preflight.ts'
import type { RestoreReading } from '../open-restore.ts'
import { pinArchive } from '../pin-archive.ts'
import { planRanges } from './plan-ranges.ts'

export interface InspectServices extends RestoreReading, ShardServices {
  readonly leases: Leases
  readonly limits: Pick<Limits, 'rangeBytes'>
  readonly clock: () => Date
}

/**
 * Pins the archive and reads its manifest. For a stream, this is the archive to which the stream was converted. Then it
 * checks the models of the restore and their shards, takes their leases, and plans `preflight`. If the stage runs again, it takes the
 * leases again, with new epochs, and keeps the plan.
 */
export const inspect = async ({ job_id }: StageInput, services: InspectServices): Promise<PlannedItems> => {
  const { jobs, workFiles } = services
  const { request } = await restoreJob(services, job_id)
  await beginJob(services, job_id)
  let plan = await workFiles.find(RESTORE_PLAN, job_id)
  if (plan === undefined) {
    plan = await planRestore(services, job_id, request)
    await workFiles.write(RESTORE_PLAN, plan, job_id)
  } else await acquireLeases(services, job_id, request, plan.models)
  await jobs.plan(job_id, PREFLIGHT.name, plan.items.length)
  return plannedItems(job_id, plan.items.length)
}

const planRestore = async (services: InspectServices, jobId: string, request: RestoreRequest): Promise<RestorePlan> => {
  const { objects, workFiles, resources, limits } = services
  const converted = await workFiles.find(CONVERTED_ARCHIVE, jobId)
  const pinned = converted?.archive ?? (await pinArchive(services, request))
  const archive = await openArchive(objects.sourceOf(pinned))
  const models = modelsToRestore(services.models, archive, request)
  await checkShards(models, services)
  await acquireLeases(services, jobId, request, models)
  // The leases are taken first, so that another restore is not writing to these models now. Only the stages that write
  // renew the leases. Therefore, another restore may take a model 9 minutes from now, if nothing is written by then.
  const empty_models: string[] = []
  for (const model of models) if (await resources.isEmpty(model)) empty_models.push(model)
  return {
    archive: pinned,
    manifest_sha256: archive.manifestSha256,
    ...(converted === undefined ? {} : { converted }),
    proven_manifest: archive.provenManifest,
    models,
    unfiltered: Object.keys(request.filters).length === 0,
    empty_models,
    items: planRanges(archive, models, request.filters.ids, limits.rangeBytes),
    blob_segments: archive.segments.flatMap(({ model }, k) => (model === undefined ? [k] : [])),
    missing_blobs: archive.manifest.missing_blobs,
  }
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

const acquireLeases = async (
  { jobs, leases }: Pick<InspectServices, 'jobs' | 'leases'>,
  jobId: string,
  request: RestoreRequest,
  models: readonly string[],
): Promise<void> => {
  if (request.dry_run) return
  // The models are stored in the job before their leases are taken, so that the stage that ends the job can release
  // them.
  const job = await jobs.change(jobId, { leased: models }, { from: ['running'] })
  if (job === undefined) throw new JobCancelledError(jobId, (await jobs.get(jobId))?.status ?? 'deleted')
  await leases.takeAll(models, jobId)
}
