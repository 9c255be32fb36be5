import pRetry from 'p-retry'
import type { JobStore } from './aws/job-store.ts'
import type { Reservation } from './aws/reservations.ts'
import { type LimitedKind, TooManyJobsError } from './errors.ts'

/**
 * The largest number of running jobs. The same number also limits upload slots. It is larger than any deployment needs:
 * the limit stops callers that start jobs in a loop by mistake, before these jobs become expensive.
 */
const LIMIT = 100

/** How to create a job within the limit, and how to find the job of an earlier identical request. */
interface LimitedCreation<Created> {
  /**
   * The limit against which the job counts. The restore of a filled slot starts even if the limit of running jobs is
   * reached. Therefore, up to twice the limit may run at the same time.
   */
  readonly kind: LimitedKind
  /** Returns the job of an earlier identical request. That job is returned even if the limit is reached. */
  readonly find: () => Promise<Created | undefined>
  readonly create: () => Promise<Created>
}

/**
 * Creates a job. If the limit is reached, returns the job that `find` returns. Throws `TooManyJobsError` if `find`
 * returns nothing. A request adds a reservation before it creates its job, so that concurrent requests count each
 * other. If the limit is reached only because of reservations, the request is retried up to 4 times.
 */
export const createWithinLimit = async <Created>(
  { jobs }: { readonly jobs: JobStore },
  creation: LimitedCreation<Created>,
): Promise<Created> => {
  const admission = await pRetry(() => admit(jobs, creation), {
    retries: 4,
    minTimeout: 50,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof TooManyJobsError && error.existing < LIMIT,
  })
  if ('found' in admission) return admission.found
  try {
    return await creation.create()
  } finally {
    await release(admission.reservation)
  }
}

const admit = async <Created>(
  jobs: JobStore,
  { kind, find }: LimitedCreation<Created>,
): Promise<{ readonly reservation: Reservation } | { readonly found: Created }> => {
  const findOrReject = async (existing: number, creating: number): Promise<{ readonly found: Created }> => {
    const found = await find()
    if (found === undefined) throw new TooManyJobsError(kind, existing, creating, LIMIT)
    return { found }
  }
  const countExisting = async (): Promise<number> =>
    (await (kind === 'running jobs' ? jobs.runningJobs() : jobs.slots())).length
  // This read alone rejects most requests of a flood, without a write.
  const before = await countExisting()
  if (before >= LIMIT) return findOrReject(before, 0)
  const reservation = await jobs.reservations.reserve(kind)
  const count = async (): Promise<[reserved: number, existing: number]> =>
    // Reservations are counted before jobs. Therefore, a request that creates its job between the two reads is counted
    // as a reservation, as a job, or as both, but never missed.
    [await jobs.reservations.count(kind), await countExisting()]
  const [reserved, existing] = await count().catch(async (error: unknown) => {
    await release(reservation)
    throw error
  })
  if (existing + reserved <= LIMIT) return { reservation }
  await release(reservation)
  return findOrReject(existing, reserved - 1)
}

/** Releases a reservation. Ignores errors, because a reservation that is not released expires after a minute. */
const release = (reservation: Reservation): Promise<void> => reservation.release().catch(() => undefined)
