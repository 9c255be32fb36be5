import { describe, expect, it } from 'vitest'
import { ratiosOf } from './ratios.ts'
import type { MeasureResult } from './result.ts'

const measured = (seconds: number[], stages: Record<string, number[]> = {}): MeasureResult => ({
  kind: 'ours',
  seconds,
  stages,
  processes: {},
})

const measures = {
  export: measured([2, 4], { 'export-records': [1, 2] }),
  query: measured([1, 1]),
  'copy blobs': measured([3, 3]),
}

describe('the ratios of a data set', () => {
  it('compare a measure with the sum of others', () => {
    const comparison = { name: 'all', ours: 'export', others: ['query', 'copy blobs'] }
    expect(ratiosOf([comparison], { kind: 'records', measures })).toEqual({ all: 1.5 })
  })

  it('compare a stage', () => {
    const comparison = { name: 'records', ours: 'export:export-records', others: ['query'] }
    expect(ratiosOf([comparison], { kind: 'records', measures })).toEqual({ records: 0.75 })
  })

  it('leave out floors that were not measured', () => {
    const comparison = { name: 'all', ours: 'export', others: ['query', 'put blobs'] }
    expect(ratiosOf([comparison], { kind: 'records', measures })).toEqual({ all: 0.375 })
  })

  it('use the first of several floors that was measured', () => {
    const comparison = { name: 'all', ours: 'export', others: ['put blobs|copy blobs|query'] }
    expect(ratiosOf([comparison], { kind: 'records', measures })).toEqual({ all: 1.125 })
  })

  it.each([
    { name: 'no such measure', ours: 'restore', others: ['query'] },
    { name: 'no such stage', ours: 'export:verify', others: ['query'] },
    { name: 'no such floor', ours: 'export', others: ['put blobs'] },
    { name: 'other kind', ours: 'export', others: ['query'], kind: 'blobs' as const },
  ])('leave out a comparison without both sides: $name', (comparison) => {
    expect(ratiosOf([comparison], { kind: 'records', measures })).toEqual({})
  })
})
