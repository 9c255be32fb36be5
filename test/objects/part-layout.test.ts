import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  LAYOUT_LIMITS,
  type LayoutLimits,
  type Part,
  PartLayout,
  type Piece,
} from '../../shared/objects/part-layout.ts'

const partsOf = (pieces: readonly Piece<number>[], limits: LayoutLimits): Part<number>[] => {
  const layout = new PartLayout<number>(limits)
  return [...pieces.flatMap((piece) => layout.add(piece)), ...layout.end()]
}

const slicesOf = (part: Part<number>): { source: number; start: number; length: number }[] =>
  part.kind === 'copy' ? [part.slice] : [...part.slices]

/** Expects that the parts satisfy S3's limits, and that they are the pieces byte for byte. */
const check = (pieces: readonly Piece<number>[], limits: LayoutLimits): void => {
  const parts = partsOf(pieces, limits)
  for (const [k, part] of parts.entries()) {
    if (k < parts.length - 1) expect(part.size).toBeGreaterThanOrEqual(limits.min)
    expect(part.size).toBeLessThanOrEqual(limits.max)
    expect(slicesOf(part).reduce((sum, { length }) => sum + length, 0)).toBe(part.size)
    if (part.kind === 'copy') {
      expect(pieces[part.slice.source]?.copyable).toBe(true)
      expect(pieces[part.slice.source]?.size).toBeGreaterThan(limits.min)
    } else expect(part.size).toBeLessThan(limits.flush + 2 * limits.min)
  }
  const covered: number[] = pieces.map(() => 0)
  let source = 0
  for (const slice of parts.flatMap(slicesOf)) {
    expect(slice.source).toBeGreaterThanOrEqual(source)
    source = slice.source
    expect(slice.start).toBe(covered[source])
    covered[source] = slice.start + slice.length
  }
  expect(covered).toEqual(pieces.map(({ size }) => size))
}

describe('the layout of parts', () => {
  const size = fc.oneof(
    fc.nat(20),
    fc.nat(400),
    fc.nat(12_000),
    // Around the borders.
    fc.constantFrom(49, 50, 51, 159, 160, 161, 319, 320, 321, 369, 370, 371, 4_999, 5_000, 5_001, 10_000, 10_001),
  )
  const pieces = fc
    .array(fc.record({ size, copyable: fc.boolean() }), { maxLength: 40 })
    .map((list) => list.map((piece, source): Piece<number> => ({ ...piece, source })))

  it('satisfies the limits of S3 for all pieces', () => {
    // The limits are far smaller than the real ones, so that random pieces are often close to them.
    fc.assert(
      fc.property(pieces, (list) => {
        check(list, { min: 50, big: 160, flush: 320, max: 5_000 })
      }),
      { numRuns: 5_000 },
    )
  })

  it('satisfies the real limits of S3 for large pieces', () => {
    const MIB = 1024 * 1024
    const real = fc.array(fc.record({ size: fc.nat(40 * MIB), copyable: fc.boolean() }), { maxLength: 20 })
    fc.assert(
      fc.property(real, fc.integer({ min: 2_048, max: MIB }), (list, tail) => {
        const large = { size: 11 * 1024 * MIB + 7, copyable: true }
        const all = [...list, large, { size: tail, copyable: false }]
        check(
          all.map((piece, source) => ({ ...piece, source })),
          LAYOUT_LIMITS,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('fills up a short part before a large object from the object itself', () => {
    const parts = partsOf(
      [
        { size: 10, source: 0, copyable: false },
        { size: 200, source: 1, copyable: true },
        { size: 5, source: 2, copyable: false },
      ],
      { min: 50, big: 160, flush: 320, max: 5_000 },
    )
    expect(parts).toEqual([
      {
        kind: 'upload',
        size: 50,
        slices: [
          { source: 0, start: 0, length: 10 },
          { source: 1, start: 0, length: 40 },
        ],
      },
      { kind: 'copy', size: 160, slice: { source: 1, start: 40, length: 160 } },
      { kind: 'upload', size: 5, slices: [{ source: 2, start: 0, length: 5 }] },
    ])
  })

  const limits = { min: 50, big: 160, flush: 320, max: 5_000 }
  const sizes = (...pieces: readonly (readonly [size: number, copyable: boolean])[]): string[] =>
    partsOf(
      pieces.map(([size, copyable], source) => ({ size, source, copyable })),
      limits,
    ).map(({ kind, size }) => `${kind} ${size}`)

  it('uploads pending bytes only if enough remain for another part', () => {
    expect(sizes()).toEqual([])
    expect(sizes([0, false])).toEqual([])
    expect(sizes([369, false])).toEqual(['upload 369'])
    expect(sizes([370, false])).toEqual(['upload 320', 'upload 50'])
    expect(sizes([690, false])).toEqual(['upload 320', 'upload 320', 'upload 50'])
  })

  it('copies objects of at least the size `big`, and fills up a short part before them', () => {
    expect(sizes([159, true])).toEqual(['upload 159'])
    expect(sizes([160, false])).toEqual(['upload 160'])
    expect(sizes([160, true])).toEqual(['copy 160'])
    expect(sizes([1, false], [160, true])).toEqual(['upload 50', 'copy 111'])
    expect(sizes([49, false], [160, true])).toEqual(['upload 50', 'copy 159'])
    expect(sizes([50, false], [160, true])).toEqual(['upload 50', 'copy 160'])
    expect(sizes([51, false], [160, true], [1, false])).toEqual(['upload 51', 'copy 160', 'upload 1'])
  })

  it('divides copies into the smallest number of equal ranges', () => {
    expect(sizes([5_000, true])).toEqual(['copy 5000'])
    expect(sizes([5_001, true])).toEqual(['copy 2500', 'copy 2501'])
    expect(sizes([15_001, true])).toEqual(['copy 3750', 'copy 3750', 'copy 3750', 'copy 3751'])
  })

  it('has the limits of S3', () => {
    const MIB = 1024 * 1024
    expect(LAYOUT_LIMITS).toEqual({ min: 5 * MIB, big: 16 * MIB, flush: 32 * MIB, max: 5_120 * MIB })
    expect(new PartLayout<number>().add({ size: 37 * MIB, source: 0, copyable: false })).toEqual([
      { kind: 'upload', size: 32 * MIB, slices: [{ source: 0, start: 0, length: 32 * MIB }] },
    ])
  })
})
