import { hash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ResourceLeaf } from '../../shared/archive/digest.ts'
import { encodeLine } from '../../shared/archive/record-line.ts'
import { type ChunkLimits, RecordsWriter, type RecordsSummary } from '../../shared/archive/records-writer.ts'
import { SegmentWriter } from '../../shared/archive/segment-writer.ts'
import type { Item } from '../../shared/tables/item.ts'
import { MemorySink } from './memory.ts'
import { headerBytes } from './tar-blocks.ts'

const SHA = 'a'.repeat(64)

/** An item whose line takes exactly `bytes`. */
const line = (bytes: number): Item => {
  const rest = encodeLine({ x: { S: '' } }).length
  return { x: { S: 'x'.repeat(bytes - rest) } }
}
const h = (digit: number): string => String(digit).repeat(16)

/** Sizes of the lines in each chunk, of resources that are given by the sizes of theirs. */
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
  let packed = 0
  const chunks = text
    .trimEnd()
    .split('\n')
    .map((json) => {
      const said = JSON.parse(json) as Record<string, number>
      const { offset = 0, size = 0, resources: metadata, revisions, first_h, last_h, unpacked_size } = said
      packed += size
      const unpacked = zstdDecompressSync(bytes.subarray(offset, offset + size)).toString()
      expect(unpacked.length).toBe(unpacked_size)
      const lines = unpacked.trimEnd().split('\n')
      return { path: said['path'], lines: lines.map(({ length }) => length + 1), metadata, revisions, first_h, last_h }
    })
  expect(writer.packedSoFar).toBe(packed)
  return { chunks, summary }
}
const path = (number: string): string => `models/city/s-${number}.jsonl.zst`

describe('chunks of records', () => {
  it('are closed at the end of a resource, from their size on', async () => {
    const limits = { full: 100, max: 1_000 }
    const { chunks } = await chunksOf([[50, 49], [50], [50, 50], [99]], limits)
    expect(chunks).toEqual([
      { path: path('00000'), lines: [50, 49, 50], metadata: 2, revisions: 1, first_h: h(0), last_h: h(1) },
      { path: path('00001'), lines: [50, 50], metadata: 1, revisions: 1, first_h: h(2), last_h: h(2) },
      { path: path('00002'), lines: [99], metadata: 1, revisions: 0, first_h: h(3), last_h: h(3) },
    ])
  })

  it('never grow over their limit: what stands before a resource goes first', async () => {
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

  it('that only go on with a resource hold none', async () => {
    const { chunks } = await chunksOf([[100, 100, 100]], { full: 200, max: 200 })
    expect(chunks).toEqual([
      { path: path('00000'), lines: [100, 100], metadata: 1, revisions: 1, first_h: h(0), last_h: h(0) },
      { path: path('00001'), lines: [100], metadata: 0, revisions: 1, first_h: h(0), last_h: h(0) },
    ])
  })

  it('come to what is said of the segment', async () => {
    const { summary } = await chunksOf([[50, 50], [60]], { full: 100, max: 200 })
    const leaf = (...sizes: number[]): Buffer => {
      const own = new ResourceLeaf()
      for (const size of sizes) own.add(line(size))
      return own.digest()
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

  it('are none where there is no resource', async () => {
    const writer = new RecordsWriter(new SegmentWriter('s', new MemorySink(), 'city'), 'city')
    expect(await writer.finish()).toEqual({ resources: 0, revisions: 0, buckets: [], unpacked_size: 0 })
  })

  it('are closed from 8 MiB on where nothing else is asked for', async () => {
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

  it('are written of whole resources, one after the other', async () => {
    const writer = new RecordsWriter(new SegmentWriter('s', new MemorySink(), 'city'), 'city')
    await expect(writer.revision(line(50))).rejects.toThrow(new Error('a revision without its resource'))
    await expect(writer.end()).rejects.toThrow(new Error('no resource has begun'))
    await writer.begin(line(50), h(0))
    await expect(writer.begin(line(50), h(1))).rejects.toThrow(new Error('the resource before has no end'))
    expect((await writer.end()).leaf).toHaveLength(32)
    await expect(writer.end()).rejects.toThrow(new Error('no resource has begun'))
  })

  it('that cannot be written are told of when the next one is, or at the end', async () => {
    class FullSink extends MemorySink {
      override bytes(): Promise<void> {
        return Promise.reject(new Error('full'))
      }
    }
    const writer = new RecordsWriter(new SegmentWriter('s', new FullSink(), 'city'), 'city', { full: 1, max: 100 })
    await writer.begin(line(50), h(0))
    await writer.end()
    await new Promise((resolve) => setTimeout(resolve, 20))
    await expect(writer.finish()).rejects.toThrow('full')
  })
})

describe('a segment', () => {
  const blob = (content: Buffer, file_id = 'x') => ({
    path: `blobs/${file_id}`,
    size: content.length,
    sha256: hash('sha256', content),
    kind: 'blob' as const,
    file_id,
  })
  const range = (key: string, start: number, length: number) => ({
    object: { bucket: 'b', key, size: 2_000, etag: 'e' },
    start,
    length,
  })

  it.each(['', 'A', 'a/b', 'a_b', 'a'.repeat(41)])('is not called %j', (name) => {
    expect(() => new SegmentWriter(name, new MemorySink())).toThrow(
      new RangeError(`${name} is not a name of a segment`),
    )
  })

  it.each(['a', '-', '9z', 'a'.repeat(40)])('may be called %s', (name) => {
    expect(new SegmentWriter(name, new MemorySink()).name).toBe(name)
  })

  it('is its entries and its index, and tells what it holds', async () => {
    const sink = new MemorySink(new Map([['o', Buffer.alloc(2_000, 'o')]]))
    const segment = new SegmentWriter('s', sink)
    const [first, second] = [Buffer.from('first'), Buffer.alloc(512, 'o')]
    await segment.entry(blob(first, 'a'), first)
    expect(segment.size).toBe(1024)
    await segment.object(blob(second, 'b'), range('o', 10, 512))
    expect(segment.size).toBe(2048)
    await segment.entry(blob(Buffer.alloc(0), 'c'), Buffer.alloc(0))
    const { index, ...rest } = await segment.finish()
    const bytes = sink.all()
    const packed = bytes.subarray(index.offset, index.offset + index.size)
    const text = zstdDecompressSync(packed).toString()
    expect(text.split('\n').map((json) => (json === '' ? '' : JSON.parse(json)) as unknown)).toEqual([
      { ...blob(first, 'a'), offset: 512 },
      { ...blob(second, 'b'), offset: 1536 },
      { ...blob(Buffer.alloc(0), 'c'), offset: 2560 },
      '',
    ])
    const indexHeader = headerBytes('index/s.jsonl.zst', packed.length)
    const frame = [
      headerBytes('blobs/a', 5),
      Buffer.alloc(507),
      headerBytes('blobs/b', 512),
      headerBytes('blobs/c', 0),
      indexHeader,
      Buffer.alloc(512 - packed.length),
    ] as const
    expect(rest).toEqual({ size: bytes.length, frame_sha256: hash('sha256', Buffer.concat(frame)), unpacked_size: 0 })
    expect(index).toEqual({
      offset: 3072,
      size: packed.length,
      sha256: hash('sha256', packed),
      unpacked_size: text.length,
    })
    expect(bytes).toEqual(
      Buffer.concat([frame[0], first, frame[1], frame[2], second, frame[3], frame[4], packed, frame[5]]),
    )
  })

  it('has an index of so many bytes at most', async () => {
    const content = Buffer.from('x')
    const entry = { path: 'blobs/x', size: 1, sha256: hash('sha256', content), kind: 'blob', file_id: 'x' } as const
    const line = Buffer.byteLength(`${JSON.stringify({ ...entry, offset: 512 })}\n`)
    await new SegmentWriter('s', new MemorySink(), undefined, line).entry(entry, content)
    await expect(new SegmentWriter('s', new MemorySink(), undefined, line - 1).entry(entry, content)).rejects.toThrow(
      new RangeError('the index of segment s is too large'),
    )
  })

  it('has at least one entry', async () => {
    await expect(new SegmentWriter('s', new MemorySink()).finish()).rejects.toThrow(
      new RangeError('segment s has no entry'),
    )
  })

  it('takes contents of the size that is said', async () => {
    const segment = new SegmentWriter('s', new MemorySink())
    const wrong = new RangeError('blobs/x: 4 bytes instead of 5')
    await expect(segment.entry(blob(Buffer.alloc(5)), Buffer.alloc(4))).rejects.toThrow(wrong)
    await expect(segment.object(blob(Buffer.alloc(5)), range('o', 0, 4))).rejects.toThrow(wrong)
    expect(segment.size).toBe(0)
  })

  it('takes records of its model alone, and what has no model only without one', async () => {
    const content = Buffer.from('x')
    const chunk = (model: string, first_h: string, last_h: string) => ({
      path: `models/${model}/s.jsonl`,
      size: 1,
      sha256: SHA,
      kind: 'records' as const,
      unpacked_size: 10,
      model,
      resources: 1,
      revisions: 0,
      first_h,
      last_h,
    })
    const city = new SegmentWriter('s', new MemorySink(), 'city')
    await city.entry(chunk('city', h(1), h(2)), content)
    await city.entry(chunk('city', h(3), h(4)), content)
    for (const wrong of [chunk('town', h(5), h(5)), blob(content)])
      await expect(city.entry(wrong, content)).rejects.toThrow(
        new RangeError(`${wrong.path} does not belong in this segment`),
      )
    const rest = new SegmentWriter('s', new MemorySink())
    await expect(rest.entry(chunk('city', h(1), h(1)), content)).rejects.toThrow(
      new RangeError('models/city/s.jsonl does not belong in this segment'),
    )
    expect(await city.finish()).toMatchObject({ model: 'city', first_h: h(1), last_h: h(4), unpacked_size: 20 })
  })
})
