import { hash } from 'node:crypto'
import process from 'node:process'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { ResourceLeaf } from '../../shared/archive/digest.ts'
import { encodeLine } from '../../shared/archive/record-line.ts'
import { type ChunkLimits, RecordsWriter, type RecordsSummary } from '../../shared/archive/records-writer.ts'
import { SegmentWriter } from '../../shared/archive/segment-writer.ts'
import type { Item } from '../../shared/tables/item.ts'
import { MemorySink } from './memory.ts'

/** An item whose line has exactly `bytes`. */
const line = (bytes: number): Item => {
  const rest = encodeLine({ x: { S: '' } }).length
  return { x: { S: 'x'.repeat(bytes - rest) } }
}
const h = (digit: number): string => String(digit).repeat(16)

/**
 * Writes resources, each a list of line sizes, and returns the index lines of the chunks with the sizes of their
 * lines.
 */
const chunksOf = async (
  resources: readonly (readonly number[])[],
  limits: ChunkLimits,
): Promise<{ chunks: unknown[]; summary: RecordsSummary }> => {
  const sink = new MemorySink()
  const segment = new SegmentWriter('s', sink, 'city')
  const writer = new RecordsWriter(segment, 'city', limits)
  for (const [k, [metadata = 0, ...revisions]] of resources.entries()) {
    await writer.begin(line(metadata), h(k))
    for (const revision of revisions) await writer.revision(line(revision))
    await writer.end()
  }
  const summary = await writer.finish()
  expect(writer.unpackedSoFar).toBe(summary.unpacked_size)
  const { index } = await segment.finish()
  const bytes = sink.all()
  const text = zstdDecompressSync(bytes.subarray(index.offset, index.offset + index.size)).toString()
  let compressedSize = 0
  const chunks = text
    .trimEnd()
    .split('\n')
    .map((json) => {
      const entry = JSON.parse(json) as Record<string, number>
      const { offset = 0, size = 0, resources: metadata, revisions, first_h, last_h, unpacked_size } = entry
      compressedSize += size
      const unpacked = zstdDecompressSync(bytes.subarray(offset, offset + size)).toString()
      expect(unpacked.length).toBe(unpacked_size)
      const lines = unpacked.trimEnd().split('\n')
      return { path: entry['path'], lines: lines.map(({ length }) => length + 1), metadata, revisions, first_h, last_h }
    })
  expect(writer.packedSoFar).toBe(compressedSize)
  return { chunks, summary }
}
const path = (number: string): string => `models/city/s-${number}.jsonl.zst`

describe('RecordsWriter', () => {
  it('closes a chunk at the end of the resource with which it reaches its size', async () => {
    const limits = { full: 100, max: 1_000 }
    const { chunks } = await chunksOf([[50, 49], [50], [50, 50], [99]], limits)
    expect(chunks).toEqual([
      { path: path('00000'), lines: [50, 49, 50], metadata: 2, revisions: 1, first_h: h(0), last_h: h(1) },
      { path: path('00001'), lines: [50, 50], metadata: 1, revisions: 1, first_h: h(2), last_h: h(2) },
      { path: path('00002'), lines: [99], metadata: 1, revisions: 0, first_h: h(3), last_h: h(3) },
    ])
  })

  it('never exceeds the maximum size of a chunk, and divides only resources that are larger', async () => {
    const limits = { full: 200, max: 200 }
    const lines = async (...resources: number[][]): Promise<unknown[]> =>
      (await chunksOf(resources, limits)).chunks.map((chunk) => (chunk as { lines: unknown }).lines)
    expect(await lines([50, 50], [50, 50])).toEqual([[50, 50, 50, 50]])
    expect(await lines([50, 50], [50, 51])).toEqual([
      [50, 50],
      [50, 51],
    ])
    expect(await lines([50], [50, 100, 100])).toEqual([[50], [50, 100], [100]])
    expect(await lines([50], [100, 50, 50])).toEqual([[50], [100, 50, 50]])
    expect(await lines([100, 100, 100])).toEqual([[100, 100], [100]])
    expect(await lines([100, 101], [50, 50, 50], [60])).toEqual([[100], [101], [50, 50, 50], [60]])
    expect(await lines([300, 40], [50])).toEqual([[300], [40, 50]])
  })

  it('counts no resource in a chunk that only continues one', async () => {
    const { chunks } = await chunksOf([[100, 100, 100]], { full: 200, max: 200 })
    expect(chunks).toEqual([
      { path: path('00000'), lines: [100, 100], metadata: 1, revisions: 1, first_h: h(0), last_h: h(0) },
      { path: path('00001'), lines: [100], metadata: 0, revisions: 1, first_h: h(0), last_h: h(0) },
    ])
  })

  it('returns counts, id hashes and bucket digests', async () => {
    const { summary } = await chunksOf([[50, 50], [60]], { full: 100, max: 200 })
    const leaf = (...sizes: number[]): Buffer => {
      const resource = new ResourceLeaf()
      for (const size of sizes) resource.add(line(size))
      return resource.digest()
    }
    expect(summary).toEqual({
      resources: 2,
      revisions: 1,
      first_h: h(0),
      last_h: h(1),
      buckets: [
        { bucket: '0000', digest: hash('sha256', leaf(50, 50), 'buffer') },
        { bucket: '1111', digest: hash('sha256', leaf(60), 'buffer') },
      ],
      unpacked_size: 160,
    })
  })

  it('writes no chunk without resources', async () => {
    const writer = new RecordsWriter(new SegmentWriter('s', new MemorySink(), 'city'), 'city')
    expect(await writer.finish()).toEqual({ resources: 0, revisions: 0, buckets: [], unpacked_size: 0 })
  })

  it('closes a chunk at 8 MiB by default', async () => {
    const sink = new MemorySink()
    const segment = new SegmentWriter('s', sink, 'city')
    const writer = new RecordsWriter(segment, 'city')
    for (let k = 0; k < 8; k++) {
      await writer.begin(line(1024 * 1024), h(k))
      await writer.end()
    }
    await writer.begin(line(100), h(9))
    await writer.end()
    await writer.finish()
    const { index } = await segment.finish()
    const text = zstdDecompressSync(sink.all().subarray(index.offset, index.offset + index.size)).toString()
    expect(text.match(/"unpacked_size":\d+/g)).toEqual(['"unpacked_size":8388608', '"unpacked_size":100'])
  })

  it('rejects calls in the wrong order', async () => {
    const writer = new RecordsWriter(new SegmentWriter('s', new MemorySink(), 'city'), 'city')
    await expect(writer.revision(line(50))).rejects.toThrow(new Error('begin must be called before revision'))
    await expect(writer.end()).rejects.toThrow(new Error('begin must be called before end'))
    await writer.begin(line(50), h(0))
    await expect(writer.begin(line(50), h(1))).rejects.toThrow(new Error('end must be called before the next begin'))
    expect((await writer.end()).leaf).toHaveLength(32)
    await expect(writer.end()).rejects.toThrow(new Error('begin must be called before end'))
  })

  it('throws the error of a failed write on finish', async () => {
    class FullSink extends MemorySink {
      override bytes(): Promise<void> {
        return Promise.reject(new Error('full'))
      }
    }
    const writer = new RecordsWriter(new SegmentWriter('s', new FullSink(), 'city'), 'city', { full: 1, max: 100 })
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    try {
      await writer.begin(line(50), h(0))
      await writer.end()
      await new Promise((resolve) => setTimeout(resolve, 20))
      await expect(writer.finish()).rejects.toThrow('full')
    } finally {
      process.off('unhandledRejection', unhandled)
    }
    // An unhandled rejection would end the process before the error is reported.
    expect(unhandled).not.toHaveBeenCalled()
  })
})

describe('discard of a RecordsWriter', () => {
  const open = (limits: ChunkLimits): RecordsWriter =>
    new RecordsWriter(new SegmentWriter('s', new MemorySink(), 'city'), 'city', limits)

  it('removes the open resource as if it had never begun', async () => {
    const [first, second] = [open({ full: 1_000, max: 2_000 }), open({ full: 1_000, max: 2_000 })]
    for (const writer of [first, second]) {
      if (writer === first) {
        await writer.begin(line(50), h(0))
        expect(writer.discard()).toBe(true)
      }
      await writer.begin(line(60), h(1))
      await writer.revision(line(70))
      await writer.end()
      if (writer === first) {
        await writer.begin(line(50), h(2))
        await writer.revision(line(50))
        expect(writer.discard()).toBe(true)
      }
    }
    expect(first.unpackedSoFar).toBe(130)
    expect(await first.finish()).toEqual(await second.finish())
  })

  it('removes a resource that follows a chunk which was closed for it', async () => {
    const writer = open({ full: 1_000, max: 100 })
    await writer.begin(line(60), h(1))
    await writer.end()
    await writer.begin(line(60), h(2))
    expect(writer.discard()).toBe(true)
    expect(await writer.finish()).toMatchObject({ resources: 1, first_h: h(1), last_h: h(1), unpacked_size: 60 })
  })

  it('does not count the lines of the removed resource towards the size of the chunk', async () => {
    const sink = new MemorySink()
    const segment = new SegmentWriter('s', sink, 'city')
    const writer = new RecordsWriter(segment, 'city', { full: 100, max: 200 })
    await writer.begin(line(60), h(0))
    expect(writer.discard()).toBe(true)
    for (const k of [1, 2]) {
      await writer.begin(line(60), h(k))
      await writer.end()
    }
    await writer.finish()
    const { index } = await segment.finish()
    const text = zstdDecompressSync(sink.all().subarray(index.offset, index.offset + index.size)).toString()
    expect(text.match(/"unpacked_size":\d+/g)).toEqual(['"unpacked_size":120'])
  })

  it('removes a resource that follows a divided resource', async () => {
    const writer = open({ full: 100, max: 100 })
    await writer.begin(line(60), h(1))
    await writer.revision(line(60))
    await writer.end()
    await writer.begin(line(60), h(2))
    expect(writer.discard()).toBe(true)
  })

  it('returns false if a closed chunk contains a part of the resource', async () => {
    const writer = open({ full: 100, max: 100 })
    await writer.begin(line(60), h(1))
    await writer.revision(line(60))
    expect(writer.discard()).toBe(false)
  })

  it('throws if no resource is open', () => {
    expect(() => open({ full: 100, max: 100 }).discard()).toThrow('begin must be called before discard')
  })
})

describe('a records writer that is reset', () => {
  /** Writes resources; with `removed`, also writes these after a mark, and removes them again. */
  const write = async (
    kept: readonly number[],
    removed: readonly number[] | undefined,
    end: boolean,
  ): Promise<{ summary: unknown; records: RecordsSummary; bytes: Buffer }> => {
    const sink = new MemorySink()
    const segment = new SegmentWriter('s', sink, 'city')
    const writer = new RecordsWriter(segment, 'city', { full: 100, max: 150 })
    const resource = async (k: number, bytes: number): Promise<void> => {
      await writer.begin(line(bytes), h(k))
      await writer.revision(line(bytes))
      await writer.end()
    }
    for (const [k, bytes] of kept.entries()) {
      writer.mark(() => () => Promise.reject(new Error('an earlier mark is not used')))
      await resource(k, bytes)
    }
    if (removed !== undefined) {
      writer.mark(() => {
        const resetSegment = segment.mark()
        const resetSink = sink.mark()
        return () => {
          resetSegment()
          return resetSink()
        }
      })
      for (const bytes of removed) await resource(kept.length, bytes)
      if (!end) await writer.begin(line(60), h(kept.length))
      await writer.reset(h(kept.length).slice(0, 4))
    }
    const records = await writer.finish()
    return { records, summary: await segment.finish(), bytes: sink.all() }
  }

  it.each([
    [[30], []],
    [[30], [30]],
    [
      [30, 25],
      [30, 60, 40, 50],
    ],
    [[60], [30, 30]],
    [
      [30, 30, 25],
      [140, 140, 25],
    ],
    [
      [30, 60, 25],
      [25, 60, 60, 60, 25],
    ],
  ])('writes the same as without the removed resources (%j and %j)', async (kept, removed) => {
    for (const end of [false, true]) expect(await write(kept, removed, end)).toEqual(await write(kept, undefined, true))
  })
})
