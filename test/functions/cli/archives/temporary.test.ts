import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TemporaryReferences } from '../../../../functions/cli/archives/temporary/temporary-references.ts'
import { TemporarySorter } from '../../../../functions/cli/archives/temporary/temporary-sorter.ts'
import type { SortedReference } from '../../../../shared/archive/check/references.ts'
import { blobPosition } from '../../../../shared/blobs/blob-references.ts'
import { compareEntries, type RunEntry } from '../../../../shared/restore/convert/run-entry.ts'

const allOf = async (sorter: TemporarySorter): Promise<RunEntry[]> => {
  const entries: RunEntry[] = []
  for await (const entry of (await sorter.merge()).entries()) entries.push(entry)
  return entries
}

describe('TemporarySorter', () => {
  it('returns all entries in order, however many files it needs, and as often as requested', async () => {
    const entry = fc.record({ key: fc.uint8Array({ maxLength: 3 }), body: fc.uint8Array({ maxLength: 20 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 60 }),
        fc.integer({ min: 1, max: 400 }),
        async (given, runBytes) => {
          const sorter = new TemporarySorter({ runBytes, mergedRuns: 3 })
          try {
            const entries = given.map(({ key, body }, k) => ({
              key: Buffer.from(key),
              body: Buffer.from(body),
              number: k + 1,
              offset: k * 1_000,
            }))
            for (const each of entries) {
              sorter.add(each)
              await sorter.makeRoom()
            }
            const expected = entries.toSorted(compareEntries)
            expect(await allOf(sorter)).toEqual(expected)
            expect(await allOf(sorter)).toEqual(expected)
          } finally {
            await sorter.close()
          }
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('TemporaryReferences', () => {
  it('returns the references in the order of positions and models', async () => {
    const references = new TemporaryReferences()
    for (const [model, file, id] of [
      ['b', 'x', '1'],
      ['a', 'y', '2'],
      ['a', 'x', '3'],
      ['a', 'x', '4'],
    ] as const)
      await references.add(model, file, id)
    const sorted: SortedReference[] = []
    for await (const reference of references.sorted()) sorted.push(reference)
    await references.close()
    const reference = (model: string, file_id: string, resource_id: string): SortedReference => ({
      position: blobPosition(file_id),
      model,
      file_id,
      resource_id,
    })
    const x = [reference('a', 'x', '3'), reference('b', 'x', '1')]
    const y = [reference('a', 'y', '2')]
    expect(sorted).toEqual(blobPosition('x') < blobPosition('y') ? [...x, ...y] : [...y, ...x])
  })
})
