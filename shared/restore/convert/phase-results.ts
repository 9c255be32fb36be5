import type { PinnedObject } from '../../objects/object.ts'
import type { ConvertResult, ConvertResultOf } from '../messages/convert.ts'

/** Returns the results of one phase of the conversion. */
export const resultsOf = <Phase extends ConvertResult['phase']>(
  results: readonly ConvertResult[],
  phase: Phase,
): ConvertResultOf<Phase>[] => results.filter((result): result is ConvertResultOf<Phase> => result.phase === phase)

/** Returns the runs of records that remain after the merges so far. */
export const remainingRuns = (results: readonly ConvertResult[]): PinnedObject[] =>
  resultsOf(results, 'merge').reduce(
    (runs, { merged, run }) => [...runs.slice(merged), run],
    resultsOf(results, 'scan').flatMap(({ runs }) => [...runs]),
  )
