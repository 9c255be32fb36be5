import type { Comparison } from '../measures.ts'
import type { DataSetResult } from './result.ts'
import { speedRatio, sumOfRounds } from './statistics.ts'

/** Returns the ratios of the comparisons that are meaningful for a data set and of which both sides were measured. */
export const ratiosOf = (
  comparisons: readonly Comparison[],
  { kind, measures }: Pick<DataSetResult, 'kind' | 'measures'>,
): Record<string, number> =>
  Object.fromEntries(
    comparisons
      .filter((comparison) => comparison.kind === undefined || comparison.kind === kind)
      .flatMap(({ name, ours, others }) => {
        const own = secondsOf(measures, ours)
        const measured = others.map((other) => firstMeasured(measures, other)).filter((seconds) => seconds.length > 0)
        if (own.length === 0 || measured.length === 0) return []
        return [[name, speedRatio(own, sumOfRounds(measured))] as const]
      }),
  )

/** Returns the rounds of the first measure that was measured: `put blobs|copy blobs`. */
const firstMeasured = (measures: DataSetResult['measures'], names: string): readonly number[] =>
  names
    .split('|')
    .map((name) => secondsOf(measures, name))
    .find((seconds) => seconds.length > 0) ?? []

/** Returns the rounds of a measure, or of a stage: `export:export-records`. Empty if it was not measured. */
const secondsOf = (measures: DataSetResult['measures'], name: string): readonly number[] => {
  const [measure = '', stage] = name.split(':')
  const result = measures[measure]
  return (stage === undefined ? result?.seconds : result?.stages[stage]) ?? []
}
