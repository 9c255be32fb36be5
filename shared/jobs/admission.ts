import pRetry from 'p-retry'
import type { JobStore } from './aws/job-store.ts'
import type { Reservation } from './aws/reservations.ts'
import { type LimitedKind, TooManyJobsError } from './errors.ts'
import { isQueuedUpload, isWaitingUpload, type Job } from './job.ts'

/**
 * The largest number of jobs of each kind. No deployment needs as many running jobs or slots. These limits stop callers
 * that start jobs in a loop by mistake, before these jobs become expensive. An upload that waits for another restore
 * does no work, but reads all active jobs whenever it tries to start. Therefore, more queued uploads than running jobs
 * are allowed, but not many more. The check of a large archive runs for days, and callers may check all archives in a
 * loop. Only a few checks may run, so that they leave the limits of the account to exports and restores.
 */
const LIMITS: Readonly<Record<LimitedKind, number>> = {
  'running jobs': 100,
  checks: 10,
  slots: 100,
  'queued uploads': 200,
}

/** The limits that apply to one job. Its reservation counts against the first limit. */
type LimitedKinds = readonly [LimitedKind, ...LimitedKind[]]

/** The store that the limits need. */
interface AdmissionServices {
  readonly jobs: JobStore
}

/** The functions that create a job and that find the job of an earlier identical request, and the limits that apply. */
interface LimitedCreation<Created> {
  /**
   * The limits that apply to the job. A restore can start although the limit on running jobs is reached, in two cases.
   * The restore of a filled slot always starts, so up to twice as many jobs may run at the same time. The restore of an
   * upload starts when the lease of its model is free, so there is at most one such restore for each model.
   */
  readonly kinds: LimitedKinds
  /** Returns the job of an earlier identical request. That job is returned even if the limit is reached. */
  readonly find: () => Promise<Created | undefined>
  readonly create: () => Promise<Created>
}

/**
 * Creates a job. If the limit is reached, returns the job that `find` returns, or throws `TooManyJobsError` if `find`
 * returns undefined. Each request adds a reservation before it creates its job, so that concurrent requests are
 * counted. If the limit is reached only because of reservations, tries again up to 4 times.
 */
export const createWithinLimit = async <Created>(
  services: AdmissionServices,
  creation: LimitedCreation<Created>,
): Promise<Created> => {
  const admission = await pRetry(() => admit(services, creation), {
    retries: 4,
    minTimeout: 50,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof TooManyJobsError && error.existing < LIMITS[error.kind],
  })
  if ('found' in admission) return admission.found
  try {
    return await creation.create()
  } finally {
    await release(admission.reservation)
  }
}

const admit = async <Created>(
  services: AdmissionServices,
  { kinds, find }: LimitedCreation<Created>,
): Promise<{ readonly reservation: Reservation } | { readonly found: Created }> => {
  const findOrReject = async (reached: TooManyJobsError): Promise<{ readonly found: Created }> => {
    const found = await find()
    if (found === undefined) throw reached
    return { found }
  }
  // If very many requests arrive, most of them are rejected after this read, before they write anything.
  const reachedBefore = await findReached(services, kinds, 0)
  if (reachedBefore !== undefined) return findOrReject(reachedBefore)
  const [firstKind] = kinds
  const reservation = await services.jobs.reservations.reserve(firstKind)
  const count = async (): Promise<TooManyJobsError | undefined> =>
    // Reservations are counted before jobs. If another request creates its job between the two reads, it may be counted
    // twice, but is never missed.
    findReached(services, kinds, (await services.jobs.reservations.count(firstKind)) - 1)
  const reached = await count().catch(async (error: unknown) => {
    await release(reservation)
    throw error
  })
  if (reached === undefined) return { reservation }
  await release(reservation)
  return findOrReject(reached)
}

/**
 * Returns an error if one more job would exceed one of the limits. `creating` is the number of jobs that other requests
 * are creating at the same time.
 */
const findReached = async (
  services: AdmissionServices,
  kinds: LimitedKinds,
  creating: number,
): Promise<TooManyJobsError | undefined> => {
  for (const kind of kinds) {
    const existing = await countExisting(services, kind)
    if (existing + creating >= LIMITS[kind]) return new TooManyJobsError(kind, existing, creating, LIMITS[kind])
  }
  return undefined
}

/** Returns true if a queued or running job counts against a limit. */
const COUNTS: Readonly<Record<Exclude<LimitedKind, 'slots'>, (job: Job) => boolean>> = {
  'running jobs': (job) => job.kind !== 'check' && !isWaitingUpload(job),
  checks: ({ kind }) => kind === 'check',
  'queued uploads': isQueuedUpload,
}

const countExisting = async ({ jobs }: AdmissionServices, kind: LimitedKind): Promise<number> =>
  kind === 'slots' ? (await jobs.slots()).length : (await jobs.runningJobs()).filter(COUNTS[kind]).length

/** Releases a reservation. Ignores errors, because a reservation expires after a minute in any case. */
const release = (reservation: Reservation): Promise<void> => reservation.release().catch(() => undefined)
