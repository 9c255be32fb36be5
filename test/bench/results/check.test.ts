import { describe, expect, it } from 'vitest'
import { CheckError, expectedRatios, fallenInEachRun, updatedReference } from './check.ts'
import type { BenchResult, DataSetResult } from './result.ts'

const dataSet = (ratios: Readonly<Record<string, number>>): DataSetResult => ({
  kind: 'records',
  size: { resources: 1, revisions: 1, itemBytes: 1, blobs: 0, blobBytes: 0 },
  items: 2,
  bytes: 2,
  measures: {},
  ratios: { ...ratios },
  counted: {},
})

const run = (
  ratios: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Pick<BenchResult, 'mode' | 'data_sets'> => ({
  mode: 'quick',
  data_sets: Object.fromEntries(Object.entries(ratios).map(([name, values]) => [name, dataSet(values)])),
})

type AllRatios = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Checks the ratios of several runs. Each run after the first one measures the data sets that it contains. */
const check = async ([first, ...later]: readonly [AllRatios, ...AllRatios[]], expected: AllRatios) => {
  const repeated: (readonly string[])[] = []
  const fallen = await fallenInEachRun(run(first), { ...expected }, (sets) => {
    repeated.push(sets)
    return Promise.resolve(run(later.shift() ?? first).data_sets)
  })
  return { fallen, repeated }
}

describe('the check of the ratios', () => {
  it('accepts ratios that are larger, or smaller by at most a fifth, without another run', async () => {
    const { fallen, repeated } = await check([{ small: { export: 0.8, restore: 2 } }], {
      small: { export: 1, restore: 1 },
    })
    expect(fallen).toEqual([])
    expect(repeated).toEqual([])
  })

  it('reports a ratio that is smaller by more than a fifth in three runs, with its best value', async () => {
    const runs = [0.7, 0.79, 0.75].map((ratio) => ({ small: { export: ratio, restore: 1 } }))
    const { fallen, repeated } = await check([runs[0] ?? {}, ...runs.slice(1)], { small: { export: 1, restore: 1 } })
    expect(fallen).toEqual(['small: export is 0.79; the reference is 1.00'])
    expect(repeated).toEqual([['small'], ['small']])
  })

  it('measures again only the data sets with a fallen ratio, and accepts ratios that were reached once', async () => {
    const expected = { small: { export: 1, restore: 1 }, large: { export: 1 } }
    const first = { small: { export: 0.5, restore: 1 }, large: { export: 1 } }
    const { fallen, repeated } = await check([first, { small: { export: 0.9, restore: 0.5 } }], expected)
    expect(fallen).toEqual([])
    expect(repeated).toEqual([['small']])
  })

  it('reports a ratio that was not measured', async () => {
    expect((await check([{ small: {} }], { small: { export: 1 } })).fallen).toEqual([
      'small: export was not measured; the reference is 1.00',
    ])
  })

  it('does not compare data sets that were not selected', async () => {
    const expected = { small: { export: 1 }, large: { export: 1 } }
    expect((await check([{ small: { export: 1 } }], expected)).fallen).toEqual([])
  })

  it('is rejected if no data set can be compared', async () => {
    await expect(check([{ small: {} }], { large: { export: 1 } })).rejects.toThrow(CheckError)
  })
})

describe('the expected ratios', () => {
  it('are those of the mode', () => {
    const reference = { quick: { small: { export: 1 } }, full: { small: { export: 2 } } }
    expect(expectedRatios('full', reference)).toEqual({ small: { export: 2 } })
  })

  it('are missing with a message that contains the command to run', () => {
    expect(() => expectedRatios('quick', {})).toThrow(CheckError)
    expect(() => expectedRatios('quick', {})).toThrow('`npm run bench -- --quick --write-reference`')
    expect(() => expectedRatios('full', { quick: {} })).toThrow('`npm run bench -- --write-reference`')
  })
})

describe('a new reference', () => {
  it('replaces the ratios of the measured data sets and keeps the others', () => {
    const before = { full: { small: { export: 9 } }, quick: { small: { export: 9 }, large: { export: 9 } } }
    expect(updatedReference(run({ small: { export: 1.2345 } }), before)).toEqual({
      full: { small: { export: 9 } },
      quick: { small: { export: 1.23 }, large: { export: 9 } },
    })
  })
})
