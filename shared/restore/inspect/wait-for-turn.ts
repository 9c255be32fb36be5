import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { Leases } from '../../jobs/aws/leases.ts'
import { JobCancelledError } from '../../jobs/errors.ts'
import { beginJob } from '../../jobs/find-job.ts'
import { hasEnded, type Job, type RestoreJob } from '../../jobs/job.ts'
import { RestoreRunningError } from '../../jobs/lease-errors.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { WorkflowEngine } from '../../jobs/workflow-engine.ts'

interface TurnServices {
  readonly jobs: JobStore
  readonly leases: Leases
  readonly workflows: Pick<WorkflowEngine, 'isRunning'>
  readonly limits: Pick<Limits, 'queueSeconds'>
  readonly clock: () => Date
}

/**
 * The longest time that an uploaded archive waits for other restores of its models. After this time, its job fails with
 * `restore-running`.
 */
export const MAX_WAIT_MS = 12 * 3600_000
/** The time within which the execution of an upload starts. It usually takes seconds. */
const STARTS_WITHIN_MS = 3_600_000
/** The longest time between two attempts, in seconds. */
const MAX_SECONDS = 300

/**
 * Takes the leases of the models of a restore, sets the status of its job to `running`, and returns `undefined`.
 *
 * If another restore has one of the leases, throws `RestoreRunningError`. The restore of an upload waits instead: the
 * status of its job becomes `queued`, and the function returns the number of seconds after which the caller must call
 * it again. Uploads that wait for the same model are restored in the order of their arrival.
 */
export const takeTurn = async (
  services: TurnServices,
  job: RestoreJob,
  models: readonly string[],
  holdsLeases: boolean,
): Promise<number | undefined> => {
  const { jobs, leases, clock } = services
  const { job_id, source, created_at } = job
  // The models are stored in the job before their leases are taken, so that the stage that ends the job can release all
  // leases.
  await change(jobs, job_id, { leased: models })
  const waitedMs = clock().getTime() - Date.parse(created_at)
  const mayWait = source === 'upload' && waitedMs < MAX_WAIT_MS
  try {
    if (mayWait && !holdsLeases) await rejectBeforeEarlier(services, job, models)
    await leases.takeAll(models, job_id, (holder) => isRestoring(services, holder))
  } catch (error) {
    if (!mayWait || !(error instanceof RestoreRunningError)) throw error
    await change(jobs, job_id, { status: 'queued' })
    return secondsToWait(services, waitedMs)
  }
  await beginJob(services, job_id)
  return undefined
}

/**
 * Returns true if a job has not ended and its execution is running. If only one of them is true, no worker of the job
 * will start again.
 */
const isRestoring = async ({ jobs, workflows }: TurnServices, jobId: string): Promise<boolean> => {
  const job = await jobs.get(jobId)
  return job !== undefined && !hasEnded(job) && workflows.isRunning('restore', jobId)
}

/**
 * Returns a tenth of the time that the job has waited, in seconds, but at least `queueSeconds` and at most
 * `MAX_SECONDS`. An upload therefore makes few attempts if it waits for a long restore, and starts soon if it waits for
 * a short restore.
 */
const secondsToWait = ({ limits: { queueSeconds } }: TurnServices, waitedMs: number): number =>
  Math.min(MAX_SECONDS, Math.max(queueSeconds, Math.floor(waitedMs / 10_000)))

/**
 * Throws `RestoreRunningError` if an upload that arrived earlier is still waiting or running, and has one of the same
 * models.
 */
const rejectBeforeEarlier = async (
  services: TurnServices,
  job: RestoreJob,
  models: readonly string[],
): Promise<void> => {
  const { jobs, clock } = services
  for (const other of await jobs.runningJobs()) {
    if (!isEarlierUpload(other, job)) continue
    // The models of an upload may be unknown until its archive is read. An upload with unknown models is treated as if
    // it had every model.
    const otherModels = other.leased ?? other.request.models
    const common = models.find((model) => otherModels === undefined || otherModels.includes(model))
    if (common === undefined || (await wasNotStarted(services, other))) continue
    const reason = `is an earlier upload that restores model ${common}; retry when that job has ended`
    throw new RestoreRunningError(common, other.job_id, clock().toISOString(), reason)
  }
}

/** Returns true if the execution of an upload could not be started. Its job stays queued until it is cancelled. */
const wasNotStarted = async (
  { workflows, clock }: TurnServices,
  { job_id, status, created_at }: RestoreJob,
): Promise<boolean> =>
  status === 'queued' &&
  clock().getTime() - Date.parse(created_at) >= STARTS_WITHIN_MS &&
  !(await workflows.isRunning('restore', job_id))

const isEarlierUpload = (other: Job, job: RestoreJob): other is RestoreJob => {
  if (other.kind !== 'restore' || other.source !== 'upload' || other.job_id === job.job_id) return false
  return other.created_at === job.created_at ? other.job_id < job.job_id : other.created_at < job.created_at
}

const change = async (
  jobs: JobStore,
  jobId: string,
  patch: { readonly leased: readonly string[] } | { readonly status: 'queued' },
): Promise<void> => {
  const changed = await jobs.change(jobId, patch, { from: ['queued', 'running'] })
  if (changed === undefined) throw new JobCancelledError(jobId, (await jobs.get(jobId))?.status ?? 'deleted')
}
