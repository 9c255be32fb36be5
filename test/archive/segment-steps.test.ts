import fc from 'fast-check'
import { hash, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { EntryCorruptError } from '../../shared/archive/errors.ts'
import type { IndexLine } from '../../shared/archive/index-line.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { readIndex } from '../../shared/archive/segment-reader.ts'
import { readInSteps, SegmentPosition, type SegmentStep, type StepSizes } from '../../shared/archive/segment-steps.ts'
import { must } from '../../shared/values/must.ts'
import { ResumableSha256 } from '../../shared/values/resumable-sha256.ts'
import { craft } from './craft.ts'
import { memorySource } from './memory.ts'
import { writeArchive } from './sample.ts'
import { entryBytes, filesOf, pax, record } from './tar-blocks.ts'

/** An archive with blobs of these sizes. */
const archiveOf = (sizes: readonly number[]): Promise<Buffer> =>
  writeArchive({ models: {}, blobs: Object.fromEntries(sizes.map((size, k) => [`blob ${k}`, randomBytes(size)])) })

/** An archive with other bytes at its end is read like a repacked archive. */
const repacked = (archive: Buffer): Buffer => Buffer.concat([archive, Buffer.alloc(512)])

interface Reading extends StepSizes {
  readonly filter?: (entry: IndexLine) => boolean
}

/** A step without its position. */
const contentOf = ({ entry, ordinal, isComplete, partsSha256 }: SegmentStep) => ({
  entry,
  ordinal,
  isComplete,
  partsSha256,
})
type StepContent = ReturnType<typeof contentOf>

/**
 * Reads the first segment. Every reader stops after its first step, and another one continues at the position, which is
 * stored as JSON in between.
 */
const readWithStops = async (bytes: Buffer, reading: Reading): Promise<StepContent[]> => {
  const archive = await openArchive(memorySource(bytes, 7))
  const segment = must(archive.segments[0])
  const index = await readIndex(archive, segment)
  const steps: StepContent[] = []
  let position: SegmentPosition | undefined = { entry: 0 }
  while (position !== undefined) {
    const start: SegmentPosition = position
    position = undefined
    for await (const step of readInSteps(archive, segment, index, start, reading)) {
      expect(index[step.ordinal]).toBe(step.entry)
      steps.push(contentOf(step))
      position = SegmentPosition.parse(JSON.parse(JSON.stringify(step.position())))
      break
    }
  }
  return steps
}

/** Reads the first segment with one reader. */
const readAtOnce = async (bytes: Buffer, reading: Reading): Promise<StepContent[]> => {
  const archive = await openArchive(memorySource(bytes, 7))
  const segment = must(archive.segments[0])
  const steps = await Array.fromAsync(
    readInSteps(archive, segment, await readIndex(archive, segment), { entry: 0 }, reading),
  )
  return steps.map(contentOf)
}

const SIZES = { largeBlobBytes: 600, hashStepBytes: 400 }

/** A source that records the ranges that are requested as streams, and the streams. */
const recordingSource = (bytes: Buffer) => {
  const source = memorySource(bytes, 7)
  const ranges: [start: number, length: number][] = []
  const streams: Readable[] = []
  const stream = async (start: number, length: number): Promise<Readable> => {
    ranges.push([start, length])
    const opened = await source.stream(start, length)
    streams.push(opened)
    return opened
  }
  return { source: { ...source, stream }, ranges, streams }
}

/** Repacks an archive with a pax header before each file, and the files in reverse order. */
const repackedInReverse = (archive: Buffer): Buffer =>
  Buffer.concat([
    ...[...filesOf(archive)]
      .reverse()
      .flatMap(([name, content]) => [pax(record('mtime', '1')), entryBytes(name, content)]),
    Buffer.alloc(1536),
  ])

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
        fc.integer({ min: 16, max: 700 }),
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
      { numRuns: 15, endOnFailure: true },
    )
  })

  it('of a repacked archive need not have the tar headers and the order of the original', async () => {
    const archive = await archiveOf([700, 0, 900])
    const stepsOf = async (bytes: Buffer) =>
      (await readAtOnce(bytes, SIZES)).map(({ entry: { path, sha256 }, isComplete }) => [path, sha256, isComplete])
    const steps = await stepsOf(repackedInReverse(archive))
    expect(steps.toSorted()).toEqual((await stepsOf(archive)).toSorted())
    expect(steps).toHaveLength(6)
  })

  it.each<[string, (bytes: Buffer) => Buffer, Reading['filter']]>([
    ['all entries', (bytes) => bytes, undefined],
    ['adjacent entries', (bytes) => bytes, () => true],
    ['entries that are not adjacent', (bytes) => bytes, ({ size }) => size !== 5],
    ['all entries of a repacked archive', repackedInReverse, undefined],
  ])(
    'are the remaining ones if a reader continues at any of them and reads to the end: %s',
    async (_, change, filter) => {
      const archive = await openArchive(memorySource(change(await archiveOf([1_900, 5, 1_700, 5, 1_500])), 7))
      const segment = must(archive.segments[0])
      const index = await readIndex(archive, segment)
      const options = { ...SIZES, ...(filter === undefined ? {} : { filter }) }
      const readFrom = async (start: SegmentPosition) => {
        const steps: [path: string, isComplete: boolean, SegmentPosition][] = []
        for await (const { entry, isComplete, position } of readInSteps(archive, segment, index, start, options))
          steps.push([entry.path, isComplete, position()])
        return steps
      }
      const all = await readFrom({ entry: 0 })
      expect(all.length).toBeGreaterThan(12)
      for (const [k, [, , position]] of all.entries()) expect(await readFrom(position)).toEqual(all.slice(k + 1))
    },
  )

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['framed', (bytes) => bytes],
    ['repacked', repacked],
  ])('state the checksum of the parts in which S3 copies a large entry: %s', async (_title, change) => {
    const content = randomBytes(900)
    const archive = change(await writeArchive({ models: {}, blobs: { large: content, small: randomBytes(599) } }))
    const parts = [0, 300, 600].map((start) => hash('sha256', content.subarray(start, start + 300), 'buffer'))
    const expected = `${hash('sha256', Buffer.concat(parts), 'base64')}-3`
    for (const steps of [await readAtOnce(archive, SIZES), await readWithStops(archive, SIZES)])
      expect(steps.map(({ partsSha256 }) => partsSha256).filter((checksum) => checksum !== undefined)).toEqual([
        expected,
      ])
  })

  it('state no checksum of parts if the position of an earlier version is inside a part', async () => {
    const content = randomBytes(900)
    const archive = await openArchive(memorySource(await writeArchive({ models: {}, blobs: { large: content } }), 7))
    const segment = must(archive.segments[0])
    const begun = await ResumableSha256.resume()
    begun.update(content.subarray(0, 400))
    const start = { entry: 0, content: { bytes: 400, state: begun.save() } }
    const options = { ...SIZES, filter: () => true }
    const steps = await Array.fromAsync(
      readInSteps(archive, segment, await readIndex(archive, segment), start, options),
    )
    expect(steps.map(({ isComplete, partsSha256 }) => [isComplete, partsSha256])).toEqual([
      [false, undefined],
      [true, undefined],
    ])
  })

  it('include a part for each step of an entry that has exactly the size of a large one', async () => {
    const steps = await readAtOnce(await archiveOf([600, 599]), SIZES)
    const complete = steps.map(({ entry, isComplete }) => `${entry.size} ${isComplete}`).sort()
    expect(complete).toEqual(['599 true', '600 false', '600 true'])
  })

  it('request only the bytes that are still needed, and close each stream even if the caller stops', async () => {
    const bytes = await archiveOf([700, 0, 900, 300])
    const { source, ranges, streams } = recordingSource(bytes)
    const archive = await openArchive(source)
    const segment = must(archive.segments[0])
    const index = await readIndex(archive, segment)
    /** Takes one step, and returns its position and the requested ranges relative to the segment. */
    const step = async (start: SegmentPosition, filter?: Reading['filter']) => {
      ranges.length = 0
      let position: SegmentPosition | undefined
      const options = { ...SIZES, ...(filter === undefined ? {} : { filter }) }
      for await (const taken of readInSteps(archive, segment, index, start, options)) {
        position = taken.position()
        break
      }
      expect(streams.every(({ destroyed }) => destroyed)).toBe(true)
      return { position: must(position), ranges: ranges.map(([from, length]) => [from - segment.offset, length]) }
    }
    const large = must(index.find(({ size }) => size === 900))
    const entry = index.indexOf(large)
    const first = await step({ entry: 0 })
    expect(first.ranges).toEqual([[0, segment.size]])
    const before = must(index[1])
    const end = before.offset + Math.ceil(before.size / 512) * 512
    expect((await step({ entry: 2, frame: must(first.position.frame) })).ranges).toEqual([[end, segment.size - end]])

    const isLarge = ({ size }: IndexLine): boolean => size === 900
    const begun = await step({ entry: 0 }, isLarge)
    expect(begun).toMatchObject({ position: { entry, content: { bytes: 300 } }, ranges: [[large.offset, 900]] })
    expect((await step(begun.position, isLarge)).ranges).toEqual([[large.offset + 300, 600]])
    expect((await step({ entry: 0 }, ({ size }) => size === 0)).ranges).toEqual([])
  })

  it('reject a segment whose tar headers do not have the checksum of the manifest', async () => {
    const content = Buffer.from('content')
    const entries = [{ path: 'blobs/b', content, line: { kind: 'blob', file_id: 'b' } }]
    const [right, wrong] = [craft({ entries }), craft({ entries, segment: { frame_sha256: 'a'.repeat(64) } })]
    expect(await readAtOnce(right, SIZES)).toHaveLength(1)
    await expect(readAtOnce(wrong, SIZES)).rejects.toThrow(
      /^the frame \(tar headers and padding\) of the segment that begins at byte 0 is corrupt: expected sha256 a/,
    )
  })

  it('contain entries without bytes', async () => {
    const steps = await readAtOnce(await archiveOf([0, 0]), SIZES)
    expect(steps.map(({ isComplete }) => isComplete)).toEqual([true, true])
    expect(await readWithStops(await archiveOf([0]), SIZES)).toHaveLength(1)
  })

  it('detect changed bytes throughout a segment, whichever reader reads it', async () => {
    const archive = await archiveOf([700, 5, 900])
    const { size } = must((await openArchive(memorySource(archive))).segments[0])
    for (let at = 0; at < size; at += 7) {
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
