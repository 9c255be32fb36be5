import { continueAt } from '../../jobs/cursor.ts'
import { allResults, type Attempt } from '../../jobs/pass.ts'
import { CONVERT, type ConvertCursorOf, type ConvertResultOf } from '../messages/convert.ts'
import { workName } from '../messages/work-names.ts'
import { remainingRuns } from './phase-results.ts'
import { RunMerge } from './run-merge.ts'
import { writeRun } from './run-writer.ts'
import type { ConvertServices } from './services.ts'

/**
 * Merges as many runs of records as can be merged at the same time into one run. Further passes repeat this until a
 * single merge can read all remaining runs. Returns `undefined` if this is already possible.
 */
export const mergeRuns = async (
  { job_id, attempt }: Attempt,
  { jobs, objects, workFiles, limits }: ConvertServices,
  cursor: ConvertCursorOf<'merge'>,
): Promise<ConvertResultOf<'merge'> | undefined> => {
  const runs = remainingRuns(await allResults({ jobs }, job_id, CONVERT))
  if (runs.length <= limits.mergedRuns) return undefined
  const first = runs.slice(0, limits.mergedRuns)
  const merge = await RunMerge.open(objects, first)
  const key = workFiles.key(job_id, workName.convertedRun(attempt, 0))
  const run = await writeRun(objects, workFiles.bucket, key, merge.entries())
  return { ...continueAt(cursor), phase: 'merge', merged: first.length, run }
}
