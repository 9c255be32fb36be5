import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RestoredBlob } from '../../../shared/restore/messages/preflight-blobs.ts'
import { blobRuns } from '../../../shared/restore/apply/blob-runs.ts'

const MIB = 1024 * 1024

const blob = (offset: number, size: number): RestoredBlob => ({
  kind: 'blob',
  id: `${offset}`,
  offset,
  size,
  sha256: '',
  action: 'new',
  models: [],
})

describe('blobRuns', () => {
  it('joins neighbours, including the headers between them', () => {
    expect(blobRuns([blob(512, 1000), blob(2048, 10)])).toEqual([
      { start: 512, length: 1546, blobs: [blob(512, 1000), blob(2048, 10)] },
    ])
  })

  it('ends a run before it exceeds 4 MiB', () => {
    const runs = blobRuns([blob(0, 3 * MIB), blob(3 * MIB + 512, 2 * MIB), blob(5 * MIB + 1024, MIB)])
    expect(runs.map(({ blobs }) => blobs.length)).toEqual([1, 2])
  })

  const KIB = 1024
  const counts = (...blobs: RestoredBlob[]): number[] => blobRuns(blobs).map((run) => run.blobs.length)

  it('makes runs of at most 4 MiB with gaps of at most 64 KiB', () => {
    expect(counts(blob(7, 10), blob(17 + 64 * KIB, 10))).toEqual([2])
    expect(counts(blob(7, 10), blob(18 + 64 * KIB, 10))).toEqual([1, 1])
    expect(counts(blob(7, 3 * MIB), blob(7 + 3 * MIB, MIB))).toEqual([2])
    expect(counts(blob(7, 3 * MIB), blob(7 + 3 * MIB, MIB + 1))).toEqual([1, 1])
    expect(counts(blob(7, 10), blob(27, 20), blob(57, 30))).toEqual([3])
    expect(blobRuns([blob(7, 10), blob(27, 20), blob(57, 30)])[0]).toMatchObject({ start: 7, length: 80 })
    expect(blobRuns([blob(7, 5 * MIB)])).toEqual([{ start: 7, length: 5 * MIB, blobs: [blob(7, 5 * MIB)] }])
    expect(blobRuns([])).toEqual([])
  })

  it('does not sort the list that it receives', () => {
    const blobs = [blob(2048, 10), blob(512, 10)]
    expect(blobRuns(blobs)[0]?.blobs).toEqual([blob(512, 10), blob(2048, 10)])
    expect(blobs.map(({ offset }) => offset)).toEqual([2048, 512])
  })

  it('does not join blobs that are far apart', () => {
    expect(blobRuns([blob(0, 10), blob(MIB, 10)])).toHaveLength(2)
  })

  it('puts each blob completely into exactly one run, in order', () => {
    // Each blob has a header of at least 512 bytes, so two blobs never have the same offset.
    const lists = fc.array(fc.record({ gap: fc.integer({ min: 512, max: 200_000 }), size: fc.nat(6 * MIB) }), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(lists, (list) => {
        let at = 0
        const blobs = list.map(({ gap, size }) => {
          const made = blob(at + gap, size)
          at += gap + size
          return made
        })
        const runs = blobRuns([...blobs].reverse())
        expect(runs.flatMap((run) => run.blobs)).toEqual(blobs)
        for (const { start, length, blobs: held } of runs)
          for (const { offset, size } of held) {
            expect(offset).toBeGreaterThanOrEqual(start)
            expect(offset + size).toBeLessThanOrEqual(start + length)
          }
      }),
    )
  })
})
