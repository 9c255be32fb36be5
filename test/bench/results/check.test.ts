import { describe, expect, it } from 'vitest'
import { CheckError, expectedRatios, fallenRatios, updatedReference } from './check.ts'
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

describe('the check of the ratios', () => {
  it('accepts ratios that are larger, or smaller by at most a fifth', () => {
    const now = run({ small: { export: 0.8, restore: 2 } })
    expect(fallenRatios(now, { small: { export: 1, restore: 1 } })).toEqual([])
  })

  it('reports a ratio that is smaller by more than a fifth', () => {
    const now = run({ small: { export: 0.79, restore: 1 } })
    expect(fallenRatios(now, { small: { export: 1, restore: 1 } })).toEqual([
      'small: export is 0.79; the reference is 1.00',
    ])
  })

  it('reports a ratio that was not measured', () => {
    expect(fallenRatios(run({ small: {} }), { small: { export: 1 } })).toEqual([
      'small: export was not measured; the reference is 1.00',
    ])
  })

  it('does not compare data sets that were not selected', () => {
    const expected = { small: { export: 1 }, large: { export: 1 } }
    expect(fallenRatios(run({ small: { export: 1 } }), expected)).toEqual([])
  })

  it('is rejected if no data set can be compared', () => {
    expect(() => fallenRatios(run({ small: {} }), { large: { export: 1 } })).toThrow(CheckError)
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
