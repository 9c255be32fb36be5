import { hash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { SegmentWriter } from '../../shared/archive/segment-writer.ts'
import { MemorySink } from './memory.ts'
import { headerBytes } from './tar-blocks.ts'

const SHA = 'a'.repeat(64)
const h = (digit: number): string => String(digit).repeat(16)

describe('SegmentWriter', () => {
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

  it.each(['', 'A', 'a/b', 'a_b', 'a'.repeat(41)])('rejects the name %j', (name) => {
    expect(() => new SegmentWriter(name, new MemorySink())).toThrow(
      new RangeError(`the name of a segment must match /^[a-z0-9-]{1,40}$/, but is ${JSON.stringify(name)}`),
    )
  })

  it.each(['a', '-', '9z', 'a'.repeat(40)])('accepts the name %s', (name) => {
    expect(new SegmentWriter(name, new MemorySink()).name).toBe(name)
  })

  it('writes the entries and the index, and returns their checksums', async () => {
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
    const compressed = bytes.subarray(index.offset, index.offset + index.size)
    const text = zstdDecompressSync(compressed).toString()
    expect(text.split('\n').map((json) => (json === '' ? '' : JSON.parse(json)) as unknown)).toEqual([
      { ...blob(first, 'a'), offset: 512 },
      { ...blob(second, 'b'), offset: 1536 },
      { ...blob(Buffer.alloc(0), 'c'), offset: 2560 },
      '',
    ])
    const indexHeader = headerBytes('index/s.jsonl.zst', compressed.length)
    const frame = [
      headerBytes('blobs/a', 5),
      Buffer.alloc(507),
      headerBytes('blobs/b', 512),
      headerBytes('blobs/c', 0),
      indexHeader,
      Buffer.alloc(512 - compressed.length),
    ] as const
    expect(segment.indexBytes).toBe(text.length)
    expect(rest).toStrictEqual({
      size: bytes.length,
      frame_sha256: hash('sha256', Buffer.concat(frame)),
      unpacked_size: 0,
    })
    expect(index).toEqual({
      offset: 3072,
      size: compressed.length,
      sha256: hash('sha256', compressed),
      unpacked_size: text.length,
    })
    expect(bytes).toEqual(
      Buffer.concat([frame[0], first, frame[1], frame[2], second, frame[3], frame[4], compressed, frame[5]]),
    )
  })

  it('rejects entries whose index lines would exceed the maximum size of an index', async () => {
    const content = Buffer.from('x')
    const entry = { path: 'blobs/x', size: 1, sha256: hash('sha256', content), kind: 'blob', file_id: 'x' } as const
    const line = Buffer.byteLength(`${JSON.stringify({ ...entry, offset: 512 })}\n`)
    await new SegmentWriter('s', new MemorySink(), undefined, line).entry(entry, content)
    await expect(new SegmentWriter('s', new MemorySink(), undefined, line - 1).entry(entry, content)).rejects.toThrow(
      new RangeError(`the index of segment s has more than ${line - 1} bytes`),
    )
  })

  it('passes no empty bytes to the sink', async () => {
    const sink = new MemorySink()
    const lengths: number[] = []
    const segment = new SegmentWriter('s', {
      bytes: (bytes) => {
        lengths.push(bytes.length)
        return sink.bytes(bytes)
      },
      object: (object) => sink.object(object),
    })
    await segment.entry(blob(Buffer.alloc(0), 'a'), Buffer.alloc(0))
    await segment.entry(blob(Buffer.alloc(512), 'b'), Buffer.alloc(512))
    await segment.finish()
    expect(lengths).not.toContain(0)
  })

  it('rejects a segment without entries', async () => {
    await expect(new SegmentWriter('s', new MemorySink()).finish()).rejects.toThrow(
      new RangeError('segment s must have at least one entry'),
    )
  })

  it('rejects content that does not have the size of the entry', async () => {
    const segment = new SegmentWriter('s', new MemorySink())
    const wrong = new RangeError('the content of entry blobs/x has 4 bytes instead of 5')
    await expect(segment.entry(blob(Buffer.alloc(5)), Buffer.alloc(4))).rejects.toThrow(wrong)
    await expect(segment.object(blob(Buffer.alloc(5)), range('o', 0, 4))).rejects.toThrow(wrong)
    expect(segment.size).toBe(0)
  })

  it('rejects records of another model, and payloads and blobs in a segment of records', async () => {
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
        new RangeError(`entry ${wrong.path} does not belong to segment s, whose model is city`),
      )
    const rest = new SegmentWriter('s', new MemorySink())
    await expect(rest.entry(chunk('city', h(1), h(1)), content)).rejects.toThrow(
      new RangeError('entry models/city/s.jsonl does not belong to segment s, whose model is not defined'),
    )
    expect(await city.finish()).toMatchObject({ model: 'city', first_h: h(1), last_h: h(4), unpacked_size: 20 })
  })
})
