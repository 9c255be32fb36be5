import * as z from 'zod'
import type { Mode } from '../content/data-sets.ts'
import type { BenchResult } from './result.ts'

/** From the data set and the name of the comparison to the ratio. */
const Ratios = z.record(z.string(), z.record(z.string(), z.number()))
type Ratios = z.output<typeof Ratios>

/** The committed ratios of each mode. */
export const Reference = z.object({ quick: Ratios.optional(), full: Ratios.optional() })
export type Reference = z.output<typeof Reference>

/** A ratio that is smaller by more than this share has fallen. Smaller differences are noise. */
const TOLERANCE = 0.2

/** `--check` cannot compare the ratios of a run. */
export class CheckError extends Error {
  override readonly name = 'CheckError'
}

/** Returns the committed ratios of a mode. Throws `CheckError` if there are none. */
export const expectedRatios = (mode: Mode, reference: Reference): Ratios => {
  const expected = reference[mode]
  if (expected !== undefined) return expected
  throw new CheckError(
    `there are no ratios of a ${mode} run to compare with: on a machine that does nothing else, ` +
      `run \`npm run bench -- ${mode === 'quick' ? '--quick ' : ''}--write-reference\` ` +
      'and commit test/bench/reference.json',
  )
}

/**
 * Returns one line for each ratio that has fallen by more than a fifth, or that was not measured although it is
 * expected. Compares only the data sets that were measured. Throws `CheckError` if none of them has expected ratios.
 */
export const fallenRatios = ({ data_sets }: Pick<BenchResult, 'data_sets'>, expected: Ratios): string[] => {
  const sets = Object.entries(expected).filter(([name]) => data_sets[name] !== undefined)
  if (sets.length === 0) throw new CheckError('the reference contains none of the data sets that were measured')
  return sets.flatMap(([set, ratios]) =>
    Object.entries(ratios).flatMap(([name, before]) => {
      const now = data_sets[set]?.ratios[name]
      if (now === undefined) return [`${set}: ${name} was not measured; the reference is ${before.toFixed(2)}`]
      return now < before * (1 - TOLERANCE)
        ? [`${set}: ${name} is ${now.toFixed(2)}; the reference is ${before.toFixed(2)}`]
        : []
    }),
  )
}

/** Returns the reference with the ratios of this run in place of those of the same mode and data sets. */
export const updatedReference = (
  { mode, data_sets }: Pick<BenchResult, 'mode' | 'data_sets'>,
  reference: Reference,
): Reference => ({
  ...reference,
  [mode]: {
    ...reference[mode],
    ...Object.fromEntries(Object.entries(data_sets).map(([name, { ratios }]) => [name, rounded(ratios)])),
  },
})

const rounded = (ratios: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toPrecision(3))]))
