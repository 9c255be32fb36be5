import pRetry from 'p-retry'
import type { JobStore } from './aws/job-store.ts'
import type { Reservation } from './aws/reservations.ts'
import { type LimitedKind, TooManyJobsError } from './errors.ts'

/** More than anybody runs on purpose: a caller that starts jobs in a loop is stopped before it becomes expensive. */
const LIMIT = 100

/** How a job is created within the limit, and how an existing one is found. */
export interface LimitedCreation<Created> {
  /** What the job counts as. A filled slot is always restored, so up to twice the limit may run in all. */
  readonly kind: LimitedKind
  /** Finds the job that an earlier identical request created: it is returned even if the limit is reached. */
  readonly find: () => Promise<Created | undefined>
  readonly create: () => Promise<Created>
}

/**
 * Creates a job unless the limit is reached; then it throws `TooManyJobsError`. Concurrent requests reserve their place before they
 * create a job, so that they count each other. A request that fails only because of such reservations retries a few times.
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
  // Under a flood of requests this single read rejects most of them.
  const before = await countExisting()
  if (before >= LIMIT) return findOrReject(before, 0)
  const reservation = await jobs.reservations.reserve(kind)
  const count = async (): Promise<[reserved: number, existing: number]> =>
    // In this order: a request that creates its job in between counts at least once.
    [await jobs.reservations.count(kind), await countExisting()]
  const [reserved, existing] = await count().catch(async (error: unknown) => {
    await release(reservation)
    throw error
  })
  if (existing + reserved <= LIMIT) return { reservation }
  await release(reservation)
  return findOrReject(existing, reserved - 1)
}

/** A reservation that cannot be released expires after a minute. */
const release = (reservation: Reservation): Promise<void> => reservation.release().catch(() => undefined)
