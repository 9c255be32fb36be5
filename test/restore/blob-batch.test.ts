import { describe, expect, it } from 'vitest'
import { nextBatch } from '../../shared/restore/blob-batch.ts'

const limits = { largeBlobBytes: 10 }

describe('a batch of blobs', () => {
  it.each([
    ['has at most `count` blobs', [1, 1, 1, 1, 1], 4],
    ['ends before a large blob', [1, 10, 1], 1],
    ['is one large blob', [10, 1], 1],
    ['has at most four times the size of a large blob', [9, 9, 9, 9, 9], 4, 9],
    ['ends at the end of the list', [3, 4], 2],
  ])('%s', (_title, sizes, expected, count = 4) => {
    const blobs = [{ size: 99 }, ...sizes.map((size) => ({ size }))]
    expect(nextBatch(blobs, 1, { ...limits, count })).toEqual(blobs.slice(1, 1 + expected))
  })
})
