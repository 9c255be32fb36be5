import { allResults, type Attempt, untyped } from '../../jobs/pass.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'
import type { ConvertCursor, ConvertResult, CursorOf, Joined } from './messages.ts'
import { MergedRuns, writeRun } from './sorted-runs.ts'
import { workKey } from './work-keys.ts'

/** The runs of records that are left to merge, after those passes that joined some of them. */
export const runsSoFar = (results: readonly ConvertResult[]): PinnedObject[] => {
  let runs = results.flatMap((result) => (result.phase === 'scan' ? result.runs : []))
  for (const result of results) if (result.phase === 'join') runs = [...runs.slice(result.joined), result.run]
  return runs
}

/** Merges the first runs into one where there are more than can be merged at once. A pass makes one; without any it only hands on. */
export const joinRuns = async (
  attempt: Attempt,
  services: Services,
  { source }: CursorOf<'join'>,
): Promise<{ part?: Joined; next: ConvertCursor }> => {
  const { objects, config, limits } = services
  const runs = runsSoFar(await allResults(services, attempt.job_id, untyped<ConvertResult>('convert')))
  if (runs.length <= limits.mergedRuns) return { next: { phase: 'records', source, positions: [] } }
  const first = runs.slice(0, limits.mergedRuns)
  const merged = await MergedRuns.open(objects, first)
  const key = workKey.run(attempt.job_id, attempt.attempt, 0)
  const run = await writeRun(objects, config.buckets.work, key, merged.rest())
  return { part: { phase: 'join', joined: first.length, run }, next: { phase: 'join', source } }
}
