import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../shared/archive/byte-reader.ts'
import { EntryContent } from '../../shared/archive/entry-content.ts'
import {
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  RecordInvalidError,
} from '../../shared/archive/errors.ts'
import type { RecordsEntry } from '../../shared/archive/index-line.ts'
import { openArchive } from '../../shared/archive/open.ts'
import {
  readEntries,
  readIndex,
  readLineBatches,
  readLines,
  type ReadOptions,
} from '../../shared/archive/segment-reader.ts'
import { must } from '../../shared/values/must.ts'
import { craft, type Crafted } from './craft.ts'
import { memorySource } from './memory.ts'
import { headerBytes, pax, record } from './tar-blocks.ts'

const MIB = 1024 * 1024
const SHA = 'a'.repeat(64)
const invalid = (what: string): Error => new ArchiveInvalidError(what)

// In the order of the SHA-256 of their ids.
const IDS = ['b', 'd', 'e', 'c'].sort((a, b) => (hash('sha256', a) < hash('sha256', b) ? -1 : 1))
const blob = (id: string, content = Buffer.from(`content of ${id}`), header?: Buffer): Crafted['entries'][number] => ({
  path: `blobs/${id}`,
  content,
  line: { kind: 'blob', file_id: id },
  ...(header === undefined ? {} : { header }),
})

interface Read {
  readonly texts: readonly string[]
  readonly ranges: readonly (readonly [start: number, length: number])[]
}

/** The contents of the first segment's entries, and the ranges that were streamed for them. */
const reading = async (bytes: Buffer, options?: ReadOptions): Promise<Read> => {
  const ranges: [number, number][] = []
  const source = memorySource(bytes, 7)
  const archive = await openArchive({
    ...source,
    stream: (start, length) => {
      ranges.push([start, length])
      return source.stream(start, length)
    },
  })
  const segment = must(archive.segments[0])
  const texts: string[] = []
  const index = await readIndex(archive, segment)
  for await (const { entry, ordinal, content } of readEntries(archive, segment, index, options)) {
    expect(index[ordinal]).toBe(entry)
    texts.push(await text(content))
  }
  return { texts, ranges }
}
const isRefused = async (crafted: Crafted, error: Error, options?: ReadOptions): Promise<void> => {
  await expect(reading(craft(crafted), options)).rejects.toThrow(error)
}

describe('the entries of a segment', () => {
  const empty = must(IDS[2])
  const entries = IDS.map((id) => blob(id, id === empty ? Buffer.alloc(0) : undefined))
  const texts = entries.map(({ content }) => content.toString())
  const bytes = craft({ entries })
  const only = (...ids: string[]): ReadOptions => ({ only: ({ file_id = '' }) => ids.includes(file_id) })

  it('are read as one range', async () => {
    const size = must((await openArchive(memorySource(bytes))).segments[0]).size
    expect(await reading(bytes)).toEqual({ texts, ranges: [[0, size]] })
  })

  it('are read from one on', async () => {
    expect(await reading(bytes, { from: 0 })).toEqual({ texts, ranges: [[512, 2560 + 12]] })
    expect((await reading(bytes, { from: 2 })).texts).toEqual(texts.slice(2))
    expect(await reading(bytes, { from: 4 })).toEqual({ texts: [], ranges: [] })
  })

  it('are read by choice, neighbours together and what is empty not at all', async () => {
    const [a, b, , d] = IDS.map(String)
    const [first, second, , fourth] = texts
    expect(await reading(bytes, only(must(a), must(b)))).toEqual({ texts: [first, second], ranges: [[512, 1024 + 12]] })
    expect(await reading(bytes, only(must(a), must(d)))).toEqual({
      texts: [first, fourth],
      ranges: [
        [512, 12],
        [3072, 12],
      ],
    })
    expect(await reading(bytes, only(empty))).toEqual({ texts: [''], ranges: [] })
    expect((await reading(bytes, { from: 1, ...only(must(a), must(d)) })).texts).toEqual([fourth])
  })

  it.each<[string, ReadOptions]>([
    ['whole', {}],
    ['in part', { from: 1 }],
  ])('are let go of where the reading of them ends early: %s', async (_how, options) => {
    const streams: Readable[] = []
    const source = memorySource(bytes, 7)
    const archive = await openArchive({
      ...source,
      stream: async (start, length) => {
        const stream = await source.stream(start, length)
        streams.push(stream)
        return stream
      },
    })
    const segment = must(archive.segments[0])
    for await (const { ordinal } of readEntries(archive, segment, await readIndex(archive, segment), options)) {
      expect(ordinal).toBe(options.from ?? 0)
      break
    }
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true])
  })

  it('of a tar that was repacked are read one by one', async () => {
    const { texts: walked, ranges } = await reading(Buffer.concat([bytes, Buffer.alloc(512)]))
    expect(walked).toEqual(texts)
    expect(ranges.slice(1).map(([, length]) => length)).toEqual([12, 12, 12])
  })

  it('may have pax headers with their path alone', async () => {
    const header = Buffer.concat([pax(record('path', 'blobs/b')), headerBytes('PaxHeader', 9)])
    expect((await reading(craft({ entries: [blob('b', Buffer.from('nine char'), header)] }))).texts).toEqual([
      'nine char',
    ])
  })
})

describe('headers that do not say what the index says', () => {
  const content = Buffer.from('nine char')
  const inside = (header: Buffer): Crafted => ({ entries: [blob('b', content, header)] })

  it.each<[string, Buffer]>([
    ['another path', headerBytes('blobs/c', 9)],
    ['another size', headerBytes('blobs/b', 8)],
    ['another path in pax', Buffer.concat([pax(record('path', 'blobs/c')), headerBytes('blobs/b', 9)])],
    ['a block more', Buffer.concat([headerBytes('blobs/b', 9), Buffer.alloc(512)])],
  ])('are refused: %s', async (_, header) => {
    await isRefused(inside(header), invalid('the header of entry blobs/b is not what the index says'))
  })

  it('are refused where they go on into the content', async () => {
    const header = pax(record('path', 'blobs/b'))
    await isRefused(inside(header), invalid('the headers of entry blobs/b are too long'))
    await isRefused(
      { entries: [blob('b')], index: { header: pax(record('path', 'index/s.jsonl.zst')) } },
      invalid('the headers of entry index are too long'),
    )
  })

  it('are checked between neighbours too, with their padding', async () => {
    const [a, b] = IDS.map(String)
    const wrong = blob(must(b), Buffer.from('12'), headerBytes('blobs/x', 2))
    await isRefused(
      { entries: [blob(must(a)), wrong] },
      invalid(`the header of entry blobs/${b} is not what the index says`),
      { from: 0 },
    )
    const bytes = craft({ entries: [blob(must(a)), blob(must(b))] })
    bytes[1023] = 1
    await expect(reading(bytes, { from: 0 })).rejects.toThrow(
      invalid(`the padding of entry blobs/${a} must be zero bytes`),
    )
    await expect(reading(bytes)).rejects.toThrow(invalid(`the padding of entry blobs/${a} must be zero bytes`))
    expect((await reading(bytes, { from: 1 })).texts).toHaveLength(1)
  })

  it.each(['index/.jsonl.zst', 'index/s.jsonl', 'xindex/s.jsonl.zst', 'index/s.jsonl.zstx', 'index/a/b.jsonl.zst'])(
    'are refused where an index is called %s',
    async (path) => {
      await isRefused(
        { entries: [blob('b')], index: { path } },
        invalid(`the index of the segment at 0 is called ${path}`),
      )
    },
  )

  it('are taken where an index has any plain name', async () => {
    for (const path of ['index/aZ_9-.jsonl.zst', `index/${'s'.repeat(80)}.jsonl.zst`])
      expect((await reading(craft({ entries: [blob('b')], index: { path } }))).texts).toHaveLength(1)
  })

  it('are refused where the index has another size', async () => {
    await isRefused(
      { entries: [blob('b')], index: { header: headerBytes('index/s.jsonl.zst', 1) } },
      invalid('the header of entry index/s.jsonl.zst is not what the index says'),
    )
  })

  it('are held by the checksum of the frame', async () => {
    const bytes = craft({ entries: [blob('b')], segment: { frame_sha256: SHA } })
    const frame = Buffer.concat([headerBytes('blobs/b', 12), Buffer.alloc(500)])
    const { index } = must((await openArchive(memorySource(bytes))).segments[0])
    const indexFrame = Buffer.concat([headerBytes('index/s.jsonl.zst', index.size), Buffer.alloc(512 - index.size)])
    const actual = hash('sha256', Buffer.concat([frame, indexFrame]))
    await expect(reading(bytes)).rejects.toThrow(new EntryCorruptError('frame of the segment at 0', SHA, actual))
  })
})

describe('the lines of a chunk', () => {
  const chunk = (text: string | Buffer, change: Partial<RecordsEntry> = {}): [RecordsEntry, Readable] => {
    const unpacked = Buffer.from(text)
    const content = zstdCompressSync(unpacked)
    return [
      {
        kind: 'records',
        path: 'models/city/s.jsonl.zst',
        offset: 512,
        size: content.length,
        sha256: hash('sha256', content),
        unpacked_size: unpacked.length,
        model: 'city',
        resources: 1,
        revisions: 1,
        first_h: '0'.repeat(16),
        last_h: '0'.repeat(16),
        ...change,
      },
      Readable.from([content]),
    ]
  }
  const lengths = async (given: [RecordsEntry, Readable]): Promise<number[]> => {
    const all: number[] = []
    for await (const batch of readLineBatches(...given)) all.push(batch.length)
    return all
  }

  it('come with their newlines, a thousand at once', async () => {
    expect(await lengths(chunk(''))).toEqual([])
    expect(await lengths(chunk('x\n'.repeat(999)))).toEqual([999])
    expect(await lengths(chunk('x\n'.repeat(1_000)))).toEqual([1_000])
    expect(await lengths(chunk('x\n'.repeat(2_001)))).toEqual([1_000, 1_000, 1])
    const lines: string[] = []
    for await (const line of readLines(...chunk('a\n\nbc\n'))) lines.push(line.toString())
    expect(lines).toEqual(['a\n', '\n', 'bc\n'])
  })

  it('are of at most 1 MiB, in a chunk of at most 16', async () => {
    const longest = Buffer.alloc(MIB, 'x')
    longest[MIB - 1] = 0x0a
    const sixteen = Buffer.concat(Array.from({ length: 16 }, () => longest))
    expect(await lengths(chunk(sixteen, { size: 17 * MIB }))).toEqual([16])
    await expect(lengths(chunk(`a\nb\n${'x'.repeat(MIB)}\n`))).rejects.toThrow(
      new RecordInvalidError('a line of over 1048576 bytes', { entry: 'models/city/s.jsonl.zst', line: 3 }),
    )
    await expect(lengths(chunk('a\nb'))).rejects.toThrow(
      new RecordInvalidError('the line has no newline', { entry: 'models/city/s.jsonl.zst', line: 2 }),
    )
  })

  it('are not looked for in anything else', async () => {
    const none = invalid('entry models/city/s.jsonl.zst is no chunk of records')
    await expect(lengths(chunk('x\n', { size: 17 * MIB + 1 }))).rejects.toThrow(none)
    await expect(lengths(chunk('x\n', { unpacked_size: 16 * MIB + 1 }))).rejects.toThrow(none)
    const { path, offset, size, sha256 } = chunk('x\n')[0]
    await expect(readLines({ kind: 'payload', path, offset, size, sha256 }, Readable.from([])).next()).rejects.toThrow(
      none,
    )
  })
})

describe('an entry’s content', () => {
  const contentOf = (pieces: Iterable<Buffer> | AsyncIterable<Buffer>, size: number, sha256: string): EntryContent =>
    new EntryContent(new ByteReader(Readable.from(pieces)), 'x', size, sha256)
  const whole = Buffer.from('all of it')

  it('is checked once, whether it was read or not, and what follows is left', async () => {
    const reader = new ByteReader(Readable.from([whole, Buffer.from('more')]))
    const content = new EntryContent(reader, 'x', whole.length, hash('sha256', whole))
    expect(await buffer(content.stream)).toEqual(whole)
    await content.finish()
    expect((await reader.take(4)).toString()).toBe('more')
    await contentOf([whole], whole.length, hash('sha256', whole)).finish()
    await contentOf([], 0, hash('sha256', '')).finish()
  })

  it('fails for the reader, and at its end again', async () => {
    const wrong = new EntryCorruptError('x', SHA, hash('sha256', whole))
    const content = contentOf([whole], whole.length, SHA)
    await expect(content.stream.toArray()).rejects.toThrow(wrong)
    await expect(content.finish()).rejects.toThrow(wrong)
    await expect(contentOf([whole], whole.length, SHA).finish()).rejects.toThrow(wrong)
  })

  it('fails where the archive ends before it', async () => {
    const cut = new ArchiveTruncatedError('it ends inside an entry')
    const content = contentOf([whole], whole.length + 1, SHA)
    await expect(content.stream.toArray()).rejects.toThrow(cut)
    await expect(content.finish()).rejects.toThrow(cut)
    await expect(contentOf([], 1, SHA).finish()).rejects.toThrow(cut)
  })

  it('fails as an error, whatever the source throws', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(whole)
      AbortSignal.abort('gone').throwIfAborted()
    }
    const content = contentOf(broken(), 100, SHA)
    await expect(content.stream.toArray()).rejects.toBe('gone')
    await expect(content.finish()).rejects.toThrow(new Error('gone', { cause: 'gone' }))
  })
})

describe('bytes off a stream', () => {
  it('come in the amounts that are asked for', async () => {
    const reader = new ByteReader(
      Readable.from(
        ['ab', '', 'cdef', 'g'].map((text) => Buffer.from(text)),
        { objectMode: true },
      ),
    )
    const textOf = async (bytes: Promise<Buffer>): Promise<string> => (await bytes).toString()
    expect(await textOf(reader.take(0))).toBe('')
    expect(await textOf(reader.some(5))).toBe('ab')
    expect(await textOf(reader.some(1))).toBe('c')
    expect(await textOf(reader.take(1))).toBe('d')
    expect(await textOf(reader.take(3))).toBe('efg')
    expect(await textOf(reader.take(0))).toBe('')
    await expect(reader.some(1)).rejects.toThrow(new ArchiveTruncatedError('it ends inside an entry'))
    await expect(reader.take(1)).rejects.toThrow(new ArchiveTruncatedError('it ends inside an entry'))
  })

  it('are let go of', () => {
    const stream = Readable.from([Buffer.from('x')])
    new ByteReader(stream).close()
    expect(stream.destroyed).toBe(true)
  })
})
