import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planPartItems, planParts, splitIntoRuns } from '../../shared/compose/compose-plan.ts'

describe('runs of a list', () => {
  it('contain every element once, in order, and do not exceed the requested number of runs', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.integer({ min: 1, max: 50 }), (list, count) => {
        const runs = splitIntoRuns(list, count)
        expect(runs.flat()).toEqual(list)
        expect(runs.length).toBeLessThanOrEqual(count)
        expect(runs.every((run) => run.length > 0)).toBe(true)
      }),
    )
  })

  it.each([
    [
      5,
      2,
      [
        [0, 1, 2],
        [3, 4],
      ],
    ],
    [
      4,
      2,
      [
        [0, 1],
        [2, 3],
      ],
    ],
    [3, 5, [[0], [1], [2]]],
    [5, 4, [[0, 1], [2, 3], [4]]],
    [1, 1, [[0]]],
    [0, 3, []],
  ])('of %d elements in at most %d runs have nearly equal lengths', (length, count, runs) => {
    expect(
      splitIntoRuns(
        Array.from({ length }, (_, k) => k),
        count,
      ),
    ).toEqual(runs)
  })
})

describe('the parts of an archive', () => {
  const MIB = 1024 * 1024
  const piece = (size: number, copyable = true) => ({ object: { bucket: 'b', key: 'k', size, etag: 'e' }, copyable })

  it('refer to their sources by index and are numbered from one, with the tail last', () => {
    expect(planParts([piece(6 * MIB), piece(20 * MIB), piece(100, false)])).toEqual([
      { kind: 'upload', slices: [{ source: 0, start: 0, length: 6 * MIB }], size: 6 * MIB, number: 1 },
      { kind: 'copy', slice: { source: 1, start: 0, length: 20 * MIB }, size: 20 * MIB, number: 2 },
      { kind: 'upload', slices: [{ source: 2, start: 0, length: 100 }], size: 100, number: 3 },
    ])
  })

  it('are uploaded if a piece cannot be copied, regardless of its size', () => {
    expect(planParts([piece(20 * MIB, false)])).toEqual([
      { kind: 'upload', slices: [{ source: 0, start: 0, length: 20 * MIB }], size: 20 * MIB, number: 1 },
    ])
    expect(planParts([])).toEqual([])
  })
})

describe('the map items of parts', () => {
  const partsOf = (sizes: readonly number[]) =>
    sizes.map((size, index) => ({ kind: 'upload' as const, slices: [], size, number: index + 1 }))

  it.each([
    ['at most 3 parts', [1, 1, 1, 1], [[1, 2, 3], [4]]],
    ['at most 10 bytes', [6, 4, 5, 6], [[1, 2], [3], [4]]],
    ['one part that exceeds 10 bytes', [3, 50, 2, 2], [[1], [2], [3, 4]]],
    ['no parts', [], []],
  ])('have %s', (_title, sizes, items) => {
    expect(planPartItems(partsOf(sizes), { partsPerItem: 3, bytesPerItem: 10 })).toEqual(items)
  })
})
