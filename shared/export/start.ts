import { type Caller, fingerprintOf, hashOf, jobIdentity, type JobIdentity } from '../jobs/identity.ts'
import type { ExportJob, ExportRequest, JobSource } from '../jobs/job.ts'
import { hasEnded } from '../jobs/job.ts'
import { UnknownJobError } from '../jobs/errors.ts'
import { withinBound } from '../jobs/admission.ts'
import type { Services } from '../runtime/services.ts'

/**
 * Starts an export and gives its job. A repeat with the same `Idempotency-Key` gives the first one's; without a key, an
 * identical export that still runs is shared.
 */
export const startExport = async (
  services: Services,
  request: ExportRequest,
  caller: Caller,
  source: JobSource = 'api',
): Promise<ExportJob> => {
  const fingerprint = fingerprintOf({ kind: 'export', ...request })
  const now = services.clock()
  const make = newExport(request, caller.requestedBy, source, now)
  const job =
    caller.idempotencyKey === undefined
      ? ((await identicalRunning(services, fingerprint)) ??
        (await withinBound(services, {
          as: 'running jobs',
          find: () => identicalRunning(services, fingerprint),
          make: () => createShared(services, fingerprint, make, now),
        })))
      : await createKeyed(services, make, jobIdentity(caller, fingerprint, now))
  return startWorkflow(services, job)
}

/** Starts an export whose job has a name of its own: a repeat gives the job that stands. */
export const startNamedExport = async (
  services: Services,
  job_id: string,
  request: ExportRequest,
  requestedBy: string,
  source: JobSource,
): Promise<ExportJob> => {
  const make = newExport(request, requestedBy, source, services.clock())
  return startWorkflow(services, await createKeyed(services, make, { job_id }))
}

const newExport =
  (request: ExportRequest, requested_by: string, source: JobSource, now: Date) =>
  (job_id: string): ExportJob => ({
    job_id,
    kind: 'export',
    status: 'queued',
    source,
    requested_by,
    created_at: now.toISOString(),
    request,
  })

/** A repeat starts nothing: it has its answer however many jobs run. */
const createKeyed = async (
  services: Services,
  make: (jobId: string) => ExportJob,
  identity: JobIdentity,
): Promise<ExportJob> => {
  const { jobs } = services
  const makes = (): Promise<ExportJob> => create(services, make, identity)
  const find = async (): Promise<ExportJob | undefined> =>
    (await jobs.get(identity.job_id)) === undefined ? undefined : makes()
  return (await find()) ?? withinBound(services, { as: 'running jobs', find, make: makes })
}

/** Starts a job's workflow where it has not begun: also where the process died between making the job and starting it. */
const startWorkflow = async ({ workflows }: Services, job: ExportJob): Promise<ExportJob> => {
  if (job.status === 'queued') await workflows.start('export', job.job_id)
  return job
}

const identicalRunning = async ({ jobs }: Services, fingerprint: string): Promise<ExportJob | undefined> => {
  const running = await jobs.runningJobs()
  return running.find(
    (job): job is ExportJob =>
      job.kind === 'export' && fingerprintOf({ kind: 'export', ...job.request }) === fingerprint,
  )
}

/**
 * Two identical requests that come at the same moment make one job: both ask for the same key. A key is good for the
 * minute; within it, each job that has ended hands on to the next key.
 */
const createShared = async (
  services: Services,
  fingerprint: string,
  make: (jobId: string) => ExportJob,
  now: Date,
): Promise<ExportJob> => {
  let key = hashOf(['identical export', fingerprint, now.toISOString().slice(0, 16)])
  for (;;) {
    const { job_id } = jobIdentity({ requestedBy: '' }, fingerprint, now)
    const job = await create(services, make, { job_id, once: { key, fingerprint, expires: minutesFrom(now) } })
    if (!hasEnded(job)) return job
    key = hashOf([key, job.job_id])
  }
}

/** Past the minute that the key is good for, with room for clocks that differ; in seconds since 1970. */
const minutesFrom = (now: Date): number => Math.floor(now.getTime() / 1000) + 15 * 60

const create = async (
  { jobs }: Services,
  make: (jobId: string) => ExportJob,
  { job_id, once }: JobIdentity,
): Promise<ExportJob> => {
  const { job } = await jobs.create(make(job_id), once)
  // A key that belongs to a restore has another fingerprint, and is refused before this.
  if (job.kind !== 'export') throw new UnknownJobError(job.job_id)
  return job
}
