import type { PinnedObject } from '../../objects/object.ts'
import type { ConvertResult, ConvertResultOf } from '../messages/convert.ts'

/** The results of one phase. */
export const resultsOf = <Phase extends ConvertResult['phase']>(
  results: readonly ConvertResult[],
  phase: Phase,
): ConvertResultOf<Phase>[] => results.filter((result): result is ConvertResultOf<Phase> => result.phase === phase)

/** The runs of records that the merges so far have left. */
export const remainingRuns = (results: readonly ConvertResult[]): PinnedObject[] =>
  resultsOf(results, 'merge').reduce(
    (runs, { merged, run }) => [...runs.slice(merged), run],
    resultsOf(results, 'scan').flatMap(({ runs }) => [...runs]),
  )
