import { describe, expect, it } from 'vitest'
import type { ArchiveSegment, OpenArchive } from '../../../shared/archive/archive.ts'
import { ArchiveInvalidError } from '../../../shared/archive/errors.ts'
import { idHashOf } from '../../../shared/resources/keys.ts'
import { planRanges } from '../../../shared/restore/inspect/plan-ranges.ts'
import { MANIFEST } from '../../archive/sample.ts'
import { memorySource } from '../../archive/memory.ts'

const MIB = 1024 * 1024
const LIMITS = { rangeBytes: 64 * MIB, groupBytes: 8 * MIB }
const hash = (bucket: number): string => bucket.toString(16).padStart(4, '0').padEnd(16, '0')

/** Segment `k` of a model contains the digest buckets from `4 k` to `4 k + 3`. */
const segment = (model: string, k: number, unpacked_size: number, size = unpacked_size / 4): ArchiveSegment => ({
  offset: 0,
  size,
  model,
  first_h: hash(4 * k),
  last_h: hash(4 * k + 3),
  frame_sha256: '',
  unpacked_size,
  index: { offset: 0, size: 0, sha256: '', unpacked_size: 0 },
})
const archiveOf = (segments: readonly ArchiveSegment[]): OpenArchive => ({
  source: memorySource(Buffer.alloc(0)),
  manifest: MANIFEST,
  manifestSha256: '',
  provenManifest: true,
  walked: false,
  segments,
})
const segmentsOf = (model: string, count: number, unpackedSize: number): ArchiveSegment[] =>
  Array.from({ length: count }, (_, k) => segment(model, k, unpackedSize))
const spans = (items: ReturnType<typeof planRanges>): unknown[] =>
  items.map((ranges) => ranges.map(({ segments }) => [segments?.first, segments?.last]))
const end = (k: number): string => `${hash(4 * k + 3)}g`

describe('the ranges of a restore', () => {
  it('contain many small segments each, so that 10,000 of them need few map items', () => {
    const items = planRanges(archiveOf(segmentsOf('city', 10_000, 8_000)), ['city'], undefined, LIMITS)
    expect(items).toHaveLength(1)
    expect(items[0]?.length).toBe(10)
  })

  it('contain small neighbours up to 8 MiB, uncompressed, and larger segments alone', () => {
    const segments = [3, 5, 1, 9, 9, 2, 2].map((size, k) => segment('city', k, size * MIB))
    const items = planRanges(archiveOf(segments), ['city'], undefined, LIMITS)
    expect(spans(items)).toEqual([
      [
        [0, 1],
        [2, 2],
        [3, 3],
        [4, 4],
        [5, 6],
      ],
    ])
  })

  it('are not larger than a map item, unless a segment is larger', () => {
    const limits = { ...LIMITS, rangeBytes: 2_000 }
    const segments = [1_000, 1_000, 1_000, 5_000, 500].map((size, k) => segment('city', k, 4 * size, size))
    expect(spans(planRanges(archiveOf(segments), ['city'], undefined, limits))).toEqual([
      [[0, 1]],
      [[2, 2]],
      [[3, 3]],
      [[4, 4]],
    ])
  })

  it('cover every sort key of the target once, also those between and outside of the segments', () => {
    const segments = [8, 8, 4, 4].map((size, k) => segment('city', k, size * MIB))
    const [ranges = []] = planRanges(archiveOf(segments), ['city'], undefined, LIMITS)
    expect(ranges).toEqual([
      { model: 'city', segments: { first: 0, last: 0 }, up_to: end(0) },
      { model: 'city', segments: { first: 1, last: 1 }, after: end(0), up_to: end(1) },
      { model: 'city', segments: { first: 2, last: 3 }, after: end(1) },
    ])
  })

  it('do not join segments of two models, and include a model without segments', () => {
    const segments = [...segmentsOf('city', 3, 1_000), ...segmentsOf('memo', 2, 1_000)]
    const items = planRanges(archiveOf(segments), ['city', 'ghost', 'memo'], undefined, LIMITS)
    expect(items).toEqual([
      [
        { model: 'city', segments: { first: 0, last: 2 } },
        { model: 'ghost' },
        { model: 'memo', segments: { first: 3, last: 4 } },
      ],
    ])
  })

  it('are divided into map items by their stored sizes', () => {
    const segments = segmentsOf('city', 4, 8 * MIB)
    expect(spans(planRanges(archiveOf(segments), ['city'], undefined, { ...LIMITS, rangeBytes: 5 * MIB }))).toEqual([
      [
        [0, 0],
        [1, 1],
      ],
      [
        [2, 2],
        [3, 3],
      ],
    ])
  })

  it('contain only segments that can contain a selected id, and together cover every sort key', () => {
    const ids = Array.from({ length: 3 }, (_, k) => `r${k}`).toSorted((a, b) => (idHashOf(a) < idHashOf(b) ? -1 : 1))
    const all = Array.from({ length: 256 }, (_, k) => {
      const first_h = k.toString(16).padStart(2, '0').padEnd(16, '0')
      return { ...segment('city', 0, 6 * MIB), first_h, last_h: first_h.slice(0, 2).padEnd(16, 'f') }
    })
    const indexes = ids.map((id) => Number.parseInt(idHashOf(id).slice(0, 2), 16))
    const [ranges = []] = planRanges(archiveOf(all), ['city'], ids, LIMITS)
    expect(ranges.map(({ segments }) => segments?.first)).toEqual(indexes)
    expect(ranges[0]?.after).toBeUndefined()
    expect(ranges.at(-1)?.up_to).toBeUndefined()
    for (const [k, { after }] of ranges.entries()) expect(after).toBe(ranges[k - 1]?.up_to)
    expect(planRanges(archiveOf(all.slice(0, 1)), ['city'], [ids.at(-1) ?? ''], LIMITS)).toEqual([])
  })

  it.each([
    ['overlap', [segment('city', 1, 1), segment('city', 1, 1)]],
    ['are out of order', [segment('city', 2, 1), segment('city', 1, 1)]],
    ['share a digest bucket', [segment('city', 0, 1), { ...segment('city', 1, 1), first_h: hash(3) }]],
  ])('cannot be planned if two segments %s', (_what, segments) => {
    expect(() => planRanges(archiveOf(segments), ['city'], undefined, LIMITS)).toThrow(ArchiveInvalidError)
  })
})
