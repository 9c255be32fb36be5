import { describe, expect, it } from 'vitest'
import { DEFAULT_SIZES, itemSizes, MEMORY_SIZES } from './sizes.ts'

/** The share of the size of a revision item that an archive stores, because base64 text compresses by a quarter. */
const STORED_SHARE = 0.76

describe('the sizes of the memory benchmark', () => {
  it.each(DEFAULT_SIZES)('contain at least 1 GB of stored records: %s', (name) => {
    expect((MEMORY_SIZES[name]?.recordBytes ?? 0) * STORED_SHARE).toBeGreaterThan(1e9)
  })

  it('contain blobs for an archive of 10 GB', () => {
    const { recordBytes = 0, blobs = [] } = MEMORY_SIZES['10gb'] ?? {}
    const blobBytes = blobs.reduce((sum, { count, bytes }) => sum + count * bytes, 0)
    expect(recordBytes * STORED_SHARE + blobBytes).toBeGreaterThan(1e10)
  })

  it('consist of small and large items whose sizes sum up to the size of the records', () => {
    const size = MEMORY_SIZES['100mb']
    if (size === undefined) throw new Error('the size 100mb is missing')
    const sizes = [...itemSizes(size)]
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0)
    expect(total).toBeGreaterThanOrEqual(size.recordBytes)
    expect(total).toBeLessThan(size.recordBytes + 300_000)
    for (const [bytes, share] of [
      [950, 0.15],
      [10_000, 0.35],
      [300_000, 0.5],
    ] as const) {
      const actual = (sizes.filter((each) => each === bytes).length * bytes) / total
      expect(Math.abs(actual - share), String(bytes)).toBeLessThan(0.01)
    }
    // Pages with small items are next to pages with large ones.
    expect(new Set(sizes.slice(0, 500))).toEqual(new Set([950, 10_000, 300_000]))
  })
})
