import { z } from 'zod'
import type { BenchResult } from './result.ts'

const Ratios = z.record(z.string(), z.record(z.string(), z.number()))

/** The committed ratios: for each mode, from the data set and the name of the comparison to the ratio. */
export const Reference = z.object({ quick: Ratios.optional(), full: Ratios.optional() })
export type Reference = z.output<typeof Reference>

/** A ratio that is smaller by more than this share has fallen. Smaller differences are noise. */
const TOLERANCE = 0.2

/** `--check` cannot compare the ratios of a run. */
export class CheckError extends Error {
  override readonly name = 'CheckError'
}

/**
 * Returns one line for each ratio that has fallen by more than a fifth, or that was not measured although the reference
 * contains it. Compares only the data sets that were measured. Throws `CheckError` if nothing can be compared.
 */
export const fallenRatios = (
  { mode, data_sets }: Pick<BenchResult, 'mode' | 'data_sets'>,
  reference: Reference,
): string[] => {
  const expected = reference[mode]
  if (expected === undefined)
    throw new CheckError(
      `test/bench/reference.json has no ratios of a ${mode} run: on a machine that does nothing else, ` +
        `run \`npm run bench -- ${mode === 'quick' ? '--quick ' : ''}--write-reference\` and commit the file`,
    )
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
