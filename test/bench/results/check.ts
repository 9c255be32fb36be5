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

/** A ratio that has fallen, with a line of text about it. */
interface FallenRatio {
  readonly set: string
  readonly line: string
}

/** How often data sets with fallen ratios are measured again, because a ratio of one round can fall by chance. */
const REPETITIONS = 2

/**
 * Returns one line for each ratio that has fallen by more than a fifth, or that was not measured although it is
 * expected. Compares only the data sets that were measured. `measureAgain` measures data sets with fallen ratios again.
 * A ratio has fallen only if it is too small in each of these runs. Throws `CheckError` if none of the data sets has
 * expected ratios.
 */
export const fallenInEachRun = async (
  { data_sets }: Pick<BenchResult, 'data_sets'>,
  expected: Ratios,
  measureAgain: (sets: readonly string[]) => Promise<BenchResult['data_sets']>,
): Promise<string[]> => {
  let best = data_sets
  let fallen = fallenRatios(best, expected)
  for (let repetition = 1; repetition <= REPETITIONS && fallen.length > 0; repetition++) {
    best = withBetterRatios(best, await measureAgain([...new Set(fallen.map(({ set }) => set))]))
    fallen = fallenRatios(best, expected)
  }
  return fallen.map(({ line }) => line)
}

const withBetterRatios = (
  before: BenchResult['data_sets'],
  again: BenchResult['data_sets'],
): BenchResult['data_sets'] => ({
  ...before,
  ...Object.fromEntries(
    Object.entries(again).map(([set, result]) => [
      set,
      {
        ...result,
        ratios: Object.fromEntries(
          Object.entries(result.ratios).map(([name, ratio]) => [
            name,
            Math.max(ratio, before[set]?.ratios[name] ?? ratio),
          ]),
        ),
      },
    ]),
  ),
})

const fallenRatios = (data_sets: BenchResult['data_sets'], expected: Ratios): FallenRatio[] => {
  const sets = Object.entries(expected).filter(([name]) => data_sets[name] !== undefined)
  if (sets.length === 0) throw new CheckError('the reference contains none of the data sets that were measured')
  return sets.flatMap(([set, ratios]) =>
    Object.entries(ratios).flatMap(([name, before]) => {
      const now = data_sets[set]?.ratios[name]
      const state = now === undefined ? 'was not measured' : `is ${now.toFixed(2)}`
      return now === undefined || now < before * (1 - TOLERANCE)
        ? [{ set, line: `${set}: ${name} ${state}; the reference is ${before.toFixed(2)}` }]
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
