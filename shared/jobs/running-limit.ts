import pRetry from 'p-retry'
import type { Services } from '../runtime/services.ts'
import { TooManyJobsError } from './job-errors.ts'
import type { Place } from './starting-store.ts'

/** Far more than anyone runs by intention: a caller that starts jobs in a loop is told so before it costs much. */
const MAX_RUNNING = 100

/** What a job is made by, and how one that stands already is found: a repeat gets it, however many jobs run. */
export interface Making<Made> {
  readonly find: () => Promise<Made | undefined>
  readonly make: () => Promise<Made>
}

/**
 * Makes a job where fewer run than may, and throws `TooManyJobsError` where not. Many who come at one moment see each other before
 * any of them makes its job: the bound holds, and who finds it taken by others who only ask tries again a few times.
 */
export const withinBound = async <Made>(services: Services, making: Making<Made>): Promise<Made> => {
  const admitted = await pRetry(() => admit(services, making), {
    retries: 4,
    minTimeout: 50,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof TooManyJobsError && error.running < MAX_RUNNING,
  })
  if ('standing' in admitted) return admitted.standing
  try {
    return await making.make()
  } finally {
    await leave(admitted.place)
  }
}

const admit = async <Made>(
  { jobs }: Services,
  { find }: Making<Made>,
): Promise<{ readonly place: Place } | { readonly standing: Made }> => {
  const refuse = async (running: number, starting: number): Promise<{ readonly standing: Made }> => {
    const standing = await find()
    if (standing === undefined) throw new TooManyJobsError(running, starting, MAX_RUNNING)
    return { standing }
  }
  // A flood is refused by a look alone.
  const before = (await jobs.runningJobs()).length
  if (before >= MAX_RUNNING) return refuse(before, 0)
  const place = await jobs.starting.enter()
  const counted = async (): Promise<[starting: number, running: number]> =>
    // In this order: who has made a job meanwhile is counted as one or the other, if not as both.
    [await jobs.starting.count(), (await jobs.runningJobs()).length]
  const [starting, running] = await counted().catch(async (error: unknown) => {
    await leave(place)
    throw error
  })
  if (running + starting <= MAX_RUNNING) return { place }
  await leave(place)
  return refuse(running, starting - 1)
}

/** A place that cannot be left counts for a minute more, and no longer. */
const leave = (place: Place): Promise<void> => place.leave().catch(() => undefined)
