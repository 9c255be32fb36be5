import { max, median, min } from 'simple-statistics'

/** The values of one measurement in several rounds. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Throws a `RangeError` if there are no values. */
export const summaryOf = (values: readonly number[]): Summary => {
  if (values.length === 0) throw new RangeError('a measurement without rounds has no median')
  return { median: median([...values]), min: min([...values]), max: max([...values]) }
}

/** Adds the seconds of several measurements in each round. Rounds that one of them lacks are left out. */
export const sumOfRounds = (measurements: readonly (readonly number[])[]): number[] => {
  const rounds = Math.min(...measurements.map(({ length }) => length))
  return Array.from({ length: rounds }, (_, round) =>
    measurements.reduce((total, seconds) => total + (seconds[round] ?? 0), 0),
  )
}

/**
 * Returns the speed of the product relative to a floor or a peer, which needs `others`: 0.5 means half as fast. It is
 * the median of the ratios of the rounds, because a slow moment of the machine slows both sides of a round. If one side
 * has fewer rounds, the result is the ratio of the medians.
 */
export const speedRatio = (ours: readonly number[], others: readonly number[]): number => {
  if (ours.length !== others.length) return summaryOf(others).median / summaryOf(ours).median
  return summaryOf(ours.map((seconds, round) => (others[round] ?? Number.NaN) / seconds)).median
}
