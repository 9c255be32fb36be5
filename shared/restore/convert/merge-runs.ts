import { continueAt } from '../../jobs/cursor.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { type ConvertCursorOf, type ConvertResultOf, REMAINING_RUNS } from '../messages/convert.ts'
import { workName } from '../messages/work-names.ts'
import { untilThrottled } from '../../jobs/until-throttled.ts'
import { whileStoring } from '../../throttling/call-context.ts'
import { remainingRuns } from './phase-results.ts'
import type { RunEntry } from './run-entry.ts'
import { RunMerge } from './run-merge.ts'
import { writeRun } from './run-writer.ts'
import type { ConvertServices } from './services.ts'

/**
 * Merges as many runs of records as can be merged at the same time into one run. Further passes repeat this until a
 * single merge can read all remaining runs. Returns `undefined` if this is already possible.
 *
 * If the time is up, or if AWS throttles the pass until its time is used up, the next pass continues the merge.
 */
export const mergeRuns = async (
  pass: Attempt,
  { jobs, objects, workFiles, limits }: ConvertServices,
  cursor: ConvertCursorOf<'merge'>,
): Promise<ConvertResultOf<'merge'> | undefined> => {
  const { job_id, attempt, timeIsUp } = pass
  const { unfinished, ...list } = cursor
  const runs = await remainingRuns({ jobs, workFiles }, job_id, cursor)
  if (unfinished === undefined && runs.length <= limits.mergedRuns) return undefined
  const first = runs.slice(0, unfinished?.run_offsets.length ?? limits.mergedRuns)
  const merge = await RunMerge.open(
    first.map((run) => objects.sourceOf(run)),
    unfinished?.run_offsets,
  )
  let merged = 0
  let isUnfinished = false
  const endEarly = (): void => {
    isUnfinished = true
  }
  const entries = async function* (): AsyncGenerator<RunEntry> {
    for await (const entry of untilThrottled(pass, merge.entries(), () => merged > 0, endEarly)) {
      // This entry is the current one of the merge, with which the next pass begins.
      if (merged > 0 && timeIsUp()) {
        endEarly()
        return
      }
      yield entry
      merged += 1
    }
  }
  const target = { bucket: workFiles.bucket, key: workFiles.key(job_id, workName.convertedRun(attempt, 0)) }
  const run = await writeRun(objects, pass, target, entries(), unfinished?.run)
  return whileStoring(async () => {
    if (isUnfinished)
      return {
        ...continueAt({ ...cursor, unfinished: { run, run_offsets: merge.offsets } }),
        phase: 'merge',
        merged: 0,
        run,
      }
    const remaining = await workFiles.write(REMAINING_RUNS, [...runs.slice(first.length), run], job_id, attempt)
    return { ...continueAt({ ...list, runs: remaining }), phase: 'merge', merged: first.length, run }
  })
}
