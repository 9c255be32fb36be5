import pRetry from 'p-retry'
import type { Services } from '../runtime/services.ts'
import { TooManyJobsError } from './job-errors.ts'

/** Far more than anyone runs by intention: a caller that starts jobs in a loop is told so before it costs much. */
const MAX_RUNNING = 100

/**
 * Makes a job where fewer run than may, and throws `TooManyJobsError` where not. Many who come at one moment see each other before
 * any of them makes its job: the bound holds, and who finds it taken by others who only ask tries again a few times.
 */
export const withinBound = <Made>({ jobs }: Services, make: () => Promise<Made>): Promise<Made> =>
  pRetry(
    async () => {
      const place = await jobs.starting.enter()
      try {
        // In this order: who has made a job meanwhile is counted as one or the other, if not as both.
        const starting = await jobs.starting.count()
        const running = (await jobs.runningJobs()).length
        if (running + starting > MAX_RUNNING) throw new TooManyJobsError(running)
        return await make()
      } finally {
        // A place that cannot be left counts for a minute more, and no longer.
        await place.leave().catch(() => undefined)
      }
    },
    {
      retries: 4,
      minTimeout: 50,
      randomize: true,
      shouldRetry: ({ error }) => error instanceof TooManyJobsError && error.running < MAX_RUNNING,
    },
  )
