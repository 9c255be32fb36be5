import pRetry from 'p-retry'
import type { JobStore } from './aws/job-store.ts'
import { type Bounded, TooManyJobsError } from './errors.ts'
import type { Reservation } from './aws/reservations.ts'

/** Far more than anyone runs by intention: a caller that starts jobs in a loop is told so before it costs much. */
const MOST = 100

/** What a job is made by, and how one that stands already is found: a repeat gets it, however many there are. */
export interface Making<Made> {
  /** What the job counts as once it is made. A slot that is filled is restored whatever else runs: so twice `MOST` may run in all. */
  readonly as: Bounded
  readonly find: () => Promise<Made | undefined>
  readonly make: () => Promise<Made>
}

/**
 * Makes a job where there are fewer than may be, and throws `TooManyJobsError` where not. Many who come at one moment see each other
 * before any of them makes its job: the bound holds, and who finds it taken by others who only ask tries again a few times.
 */
export const withinBound = async <Made>(services: { readonly jobs: JobStore }, making: Making<Made>): Promise<Made> => {
  const admitted = await pRetry(() => admit(services, making), {
    retries: 4,
    minTimeout: 50,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof TooManyJobsError && error.standing < MOST,
  })
  if ('standing' in admitted) return admitted.standing
  try {
    return await making.make()
  } finally {
    await leave(admitted.place)
  }
}

const admit = async <Made>(
  { jobs }: { readonly jobs: JobStore },
  { as, find }: Making<Made>,
): Promise<{ readonly place: Reservation } | { readonly standing: Made }> => {
  const refuse = async (standing: number, starting: number): Promise<{ readonly standing: Made }> => {
    const found = await find()
    if (found === undefined) throw new TooManyJobsError(as, standing, starting, MOST)
    return { standing: found }
  }
  const countStanding = async (): Promise<number> =>
    (await (as === 'running jobs' ? jobs.runningJobs() : jobs.slots())).length
  // A flood is refused by a look alone.
  const before = await countStanding()
  if (before >= MOST) return refuse(before, 0)
  const place = await jobs.starting.enter(as)
  const counted = async (): Promise<[starting: number, standing: number]> =>
    // In this order: who has made a job meanwhile is counted as one or the other, if not as both.
    [await jobs.starting.count(as), await countStanding()]
  const [starting, standing] = await counted().catch(async (error: unknown) => {
    await leave(place)
    throw error
  })
  if (standing + starting <= MOST) return { place }
  await leave(place)
  return refuse(standing, starting - 1)
}

/** A place that cannot be left counts for a minute more, and no longer. */
const leave = (place: Reservation): Promise<void> => place.leave().catch(() => undefined)
