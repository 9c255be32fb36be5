import fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { EntryCorruptError } from '../../shared/archive/errors.ts'
import type { IndexLine } from '../../shared/archive/index-line.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import { readInSteps, SegmentPosition, type SegmentStep, type StepSizes } from '../../shared/archive/segment-steps.ts'
import { must } from '../../shared/values/must.ts'
import { memorySource } from './memory.ts'
import { writeArchive } from './sample.ts'

/** An archive with blobs of these sizes. */
const archiveOf = (sizes: readonly number[]): Promise<Buffer> =>
  writeArchive({ models: {}, blobs: Object.fromEntries(sizes.map((size, k) => [`blob ${k}`, randomBytes(size)])) })

/** An archive with other bytes at its end is read like a repacked archive. */
const repacked = (archive: Buffer): Buffer => Buffer.concat([archive, Buffer.alloc(512)])

interface Reading extends StepSizes {
  readonly filter?: (entry: IndexLine) => boolean
}

/**
 * Reads the first segment. Every reader stops after its first step, and another one continues at the position, which is
 * stored as JSON in between.
 */
const readWithStops = async (bytes: Buffer, reading: Reading): Promise<Omit<SegmentStep, 'position'>[]> => {
  const archive = await openArchive(memorySource(bytes, 7))
  const segment = must(archive.segments[0])
  const index = await readIndex(archive, segment)
  const steps: Omit<SegmentStep, 'position'>[] = []
  let position: SegmentPosition | undefined = { entry: 0 }
  while (position !== undefined) {
    const start: SegmentPosition = position
    position = undefined
    for await (const { entry, ordinal, isComplete, position: next } of readInSteps(
      archive,
      segment,
      index,
      start,
      reading,
    )) {
      expect(index[ordinal]).toBe(entry)
      steps.push({ entry, ordinal, isComplete })
      position = SegmentPosition.parse(JSON.parse(JSON.stringify(next())))
      break
    }
  }
  return steps
}

/** Reads the first segment with one reader. */
const readAtOnce = async (bytes: Buffer, reading: Reading): Promise<Omit<SegmentStep, 'position'>[]> => {
  const archive = await openArchive(memorySource(bytes, 7))
  const segment = must(archive.segments[0])
  const steps = await Array.fromAsync(
    readInSteps(archive, segment, await readIndex(archive, segment), { entry: 0 }, reading),
  )
  return steps.map(({ entry, ordinal, isComplete }) => ({ entry, ordinal, isComplete }))
}

const SIZES = { largeBlobBytes: 600, hashStepBytes: 400 }

describe('the steps of a segment', () => {
  it.each<[string, (bytes: Buffer) => Buffer, Reading['filter']]>([
    ['all entries', (bytes) => bytes, undefined],
    ['selected entries', (bytes) => bytes, ({ file_id }) => file_id !== 'blob 1'],
    ['all entries of a repacked archive', repacked, undefined],
    ['selected entries of a repacked archive', repacked, ({ file_id }) => file_id !== 'blob 1'],
  ])('are the same with and without stops, and end each entry once: %s', async (_title, change, filter) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 1500 }),
        fc.integer({ min: 1, max: 700 }),
        async (sizes, largeBlobBytes, hashStepBytes) => {
          const bytes = change(await archiveOf(sizes))
          const reading = { largeBlobBytes, hashStepBytes, ...(filter === undefined ? {} : { filter }) }
          const steps = await readWithStops(bytes, reading)
          expect(await readAtOnce(bytes, reading)).toEqual(steps)
          const complete = steps.filter(({ isComplete }) => isComplete)
          const expected = sizes.map((_size, k) => `blob ${k}`).filter((id) => filter === undefined || id !== 'blob 1')
          expect(complete.map(({ entry }) => entry.file_id).sort()).toEqual(expected)
          for (const { entry } of complete) {
            const parts = steps.filter((step) => step.entry === entry).length
            expect(parts).toBe(entry.size < largeBlobBytes ? 1 : Math.ceil(entry.size / hashStepBytes))
          }
        },
      ),
      { numRuns: 30 },
    )
  })

  it('contain entries without bytes', async () => {
    const steps = await readAtOnce(await archiveOf([0, 0]), SIZES)
    expect(steps.map(({ isComplete }) => isComplete)).toEqual([true, true])
    expect(await readWithStops(await archiveOf([0]), SIZES)).toHaveLength(1)
  })

  it('detect every changed byte of a segment, whichever reader reads it', async () => {
    const archive = await archiveOf([700, 5, 900])
    const { size } = must((await openArchive(memorySource(archive))).segments[0])
    for (let at = 0; at < size; at += 3) {
      const damaged = Buffer.from(archive)
      damaged[at] = (damaged[at] ?? 0) ^ 4
      await expect(readWithStops(damaged, SIZES)).rejects.toThrow()
    }
  })

  it('name the large entry whose bytes are wrong', async () => {
    const archive = await archiveOf([1000])
    archive[512 + 999] = (archive[512 + 999] ?? 0) ^ 1
    await expect(readWithStops(archive, SIZES)).rejects.toThrow(EntryCorruptError)
    await expect(readWithStops(archive, { ...SIZES, filter: () => true })).rejects.toThrow(/^entry blobs\/blob%200 is/)
  })
})
