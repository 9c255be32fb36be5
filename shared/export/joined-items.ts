import type { ResultStore } from '../jobs/progress.ts'
import { joinRound } from './messages.ts'

/**
 * Returns the number of map items that have joined segments, in all rounds so far. The progress of `compose-parts`
 * counts them, too.
 */
export const joinedItems = async (jobs: ResultStore, jobId: string): Promise<number> => {
  let items = 0
  for (let round = 0; ; round++) {
    let results = 0
    for await (const { result } of jobs.results(jobId, joinRound(round))) {
      results += 1
      if (result.done) items += 1
    }
    if (results === 0) return items
  }
}
