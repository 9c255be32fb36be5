import { continueAt } from '../../jobs/cursor.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { type ConvertCursorOf, type ConvertResultOf, REMAINING_RUNS } from '../messages/convert.ts'
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
  const runs = await remainingRuns({ jobs, workFiles }, job_id, cursor)
  if (runs.length <= limits.mergedRuns) return undefined
  const first = runs.slice(0, limits.mergedRuns)
  const merge = await RunMerge.open(objects, first)
  const key = workFiles.key(job_id, workName.convertedRun(attempt, 0))
  const run = await writeRun(objects, workFiles.bucket, key, merge.entries())
  const remaining = await workFiles.write(REMAINING_RUNS, [...runs.slice(first.length), run], job_id, attempt)
  return { ...continueAt({ ...cursor, runs: remaining }), phase: 'merge', merged: first.length, run }
}
