import pMap from 'p-map'
import { checkShards, type ShardServices } from '../../jobs/check-shards.ts'
import { checkStores, type StoreCheckServices } from '../../jobs/check-stores.ts'
import { archiveJob, beginJob } from '../../jobs/find-job.ts'
import type { CheckJob, RestoreJob } from '../../jobs/job.ts'
import type { Leases } from '../../jobs/aws/leases.ts'
import type { Limits } from '../../jobs/limits.ts'
import { plannedItems, type StageInput } from '../../jobs/messages.ts'
import type { WorkflowEngine } from '../../jobs/workflow-engine.ts'
import { emptyModels } from '../../resources/empty-models.ts'
import { type InspectOutput, RESTORE_PLAN, type RestorePlan } from '../messages/inspect.ts'
import { PREFLIGHT } from '../messages/preflight.ts'
import type { OpenRestoreServices } from '../open-restore.ts'
import { writeUploadReport } from '../upload-report.ts'
import { openJobArchive, planOf } from './open-job-archive.ts'
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
 *
 * A check takes no leases and reads no store.
 */
export const inspect = async ({ job_id }: StageInput, services: InspectServices): Promise<InspectOutput> => {
  const job = await archiveJob(services, job_id)
  return job.kind === 'check' ? inspectForCheck(services, job) : inspectForRestore(services, job)
}

/** The target of a check is treated as empty, so no later stage reads it. */
const inspectForCheck = async (services: InspectServices, job: CheckJob): Promise<InspectOutput> => {
  const { job_id } = job
  const { workFiles, limits } = services
  await beginJob(services, job_id)
  let plan = await workFiles.find(RESTORE_PLAN, job_id)
  if (plan === undefined) {
    const opened = await openJobArchive(services, job)
    plan = planOf(job, opened, opened.models, limits)
    await workFiles.write(RESTORE_PLAN, plan, job_id)
  }
  return planPreflight(services, job_id, plan)
}

const inspectForRestore = async (services: InspectServices, job: RestoreJob): Promise<InspectOutput> => {
  const { workFiles } = services
  const { job_id } = job
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
  return planPreflight(services, job_id, plan)
}

const planPreflight = async (
  { jobs, limits }: InspectServices,
  jobId: string,
  { items, expected }: RestorePlan,
): Promise<InspectOutput> => {
  await jobs.plan(jobId, PREFLIGHT.name, items.length, expected)
  return { ...plannedItems(jobId, items.length, limits), waiting: false, wait_seconds: 0 }
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
  const opened = await openJobArchive(services, job)
  const { models } = opened
  await checkStores(['resource_table', 'blob_bucket', 'restore_bucket'], services)
  const emptyBefore = await checkShards(models, services)
  const seconds = await acquireLeases(services, job, models, false)
  if (seconds !== undefined) return seconds
  // This restore has the leases, so no other restore is writing to these models now. The stages with passes renew the
  // leases.
  return planOf(job, opened, await findEmptyModels(services, models, emptyBefore), services.limits)
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

/** Takes the leases, unless the job is a dry run. Returns `undefined` on success, or the number of seconds to wait. */
const acquireLeases = async (
  services: InspectServices,
  job: RestoreJob,
  models: readonly string[],
  holdsLeases: boolean,
): Promise<number | undefined> => (job.request.dry_run ? undefined : takeTurn(services, job, models, holdsLeases))
