import { hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, EntryCorruptError } from '../../shared/archive/errors.ts'
import { openArchive } from '../../shared/archive/open.ts'
import { type EntrySelection, readEntries, readIndex } from '../../shared/archive/segment-reader.ts'
import { must } from '../../shared/values/must.ts'
import { craft, type Crafted } from './craft.ts'
import { memorySource } from './memory.ts'
import { headerBytes, pax, record } from './tar-blocks.ts'

const SHA = 'a'.repeat(64)
const invalid = (what: string): Error => new ArchiveInvalidError(what)

// In archive order: by the SHA-256 of the file ids.
const IDS = ['b', 'd', 'e', 'c'].sort((a, b) => (hash('sha256', a) < hash('sha256', b) ? -1 : 1))
const blob = (id: string, content = Buffer.from(`content of ${id}`), header?: Buffer): Crafted['entries'][number] => ({
  path: `blobs/${id}`,
  content,
  line: { kind: 'blob', file_id: id },
  ...(header === undefined ? {} : { header }),
})

interface Result {
  readonly texts: readonly string[]
  readonly ranges: readonly (readonly [start: number, length: number])[]
}

/** Reads entries of the first segment. Returns their contents, and the ranges that were requested. */
const reading = async (bytes: Buffer, selection?: EntrySelection): Promise<Result> => {
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
  for await (const { entry, ordinal, content } of readEntries(archive, segment, index, selection)) {
    expect(index[ordinal]).toBe(entry)
    texts.push(await text(content))
  }
  return { texts, ranges }
}
const expectError = async (crafted: Crafted, error: Error, selection?: EntrySelection): Promise<void> => {
  await expect(reading(craft(crafted), selection)).rejects.toThrow(error)
}

describe('the entries of a segment', () => {
  const empty = must(IDS[2])
  const entries = IDS.map((id) => blob(id, id === empty ? Buffer.alloc(0) : undefined))
  const texts = entries.map(({ content }) => content.toString())
  const bytes = craft({ entries })
  const blobs = (...ids: (string | undefined)[]): EntrySelection => ({
    filter: ({ file_id }) => ids.includes(file_id),
  })

  it('are read with one request', async () => {
    const size = must((await openArchive(memorySource(bytes))).segments[0]).size
    expect(await reading(bytes)).toEqual({ texts, ranges: [[0, size]] })
  })

  it('are read from a given entry on', async () => {
    expect(await reading(bytes, { from: 0 })).toEqual({ texts, ranges: [[512, 2560 + 12]] })
    expect((await reading(bytes, { from: 2 })).texts).toEqual(texts.slice(2))
    expect(await reading(bytes, { from: 4 })).toEqual({ texts: [], ranges: [] })
  })

  it('are selected by a filter: neighbours with one request, and empty contents with none', async () => {
    const [a, b, , d] = IDS
    const [first, second, , fourth] = texts
    expect(await reading(bytes, blobs(a, b))).toEqual({ texts: [first, second], ranges: [[512, 1024 + 12]] })
    expect(await reading(bytes, blobs(a, d))).toEqual({
      texts: [first, fourth],
      ranges: [
        [512, 12],
        [3072, 12],
      ],
    })
    expect(await reading(bytes, blobs(empty))).toEqual({ texts: [''], ranges: [] })
    expect((await reading(bytes, { from: 1, ...blobs(a, d) })).texts).toEqual([fourth])
  })

  it.each<[string, EntrySelection]>([
    ['the whole segment', {}],
    ['a part of it', { from: 1 }],
  ])('are destroyed when the consumer stops early: %s', async (_, selection) => {
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
    for await (const { ordinal } of readEntries(archive, segment, await readIndex(archive, segment), selection)) {
      expect(ordinal).toBe(selection.from ?? 0)
      break
    }
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true])
  })

  it('of a repacked archive are read one by one', async () => {
    const { texts: walked, ranges } = await reading(Buffer.concat([bytes, Buffer.alloc(512)]))
    expect(walked).toEqual(texts)
    expect(ranges.slice(1).map(([, length]) => length)).toEqual([12, 12, 12])
  })

  it('may have a pax header with their path', async () => {
    const header = Buffer.concat([pax(record('path', 'blobs/b')), headerBytes('PaxHeader', 9)])
    expect((await reading(craft({ entries: [blob('b', Buffer.from('nine char'), header)] }))).texts).toEqual([
      'nine char',
    ])
  })
})

describe('the tar headers of a segment', () => {
  const content = Buffer.from('nine char')
  const withHeader = (header: Buffer): Crafted => ({ entries: [blob('b', content, header)] })

  it.each<[string, Buffer]>([
    ['another path', headerBytes('blobs/c', 9)],
    ['another size', headerBytes('blobs/b', 8)],
    ['another path in a pax header', Buffer.concat([pax(record('path', 'blobs/c')), headerBytes('blobs/b', 9)])],
    ['one more block', Buffer.concat([headerBytes('blobs/b', 9), Buffer.alloc(512)])],
  ])('are rejected with %s', async (_, header) => {
    await expectError(
      withHeader(header),
      invalid('the tar header of entry blobs/b does not match the path, size and offset in the index or the manifest'),
    )
  })

  it('are rejected if they extend into the content', async () => {
    const header = pax(record('path', 'blobs/b'))
    await expectError(withHeader(header), invalid('the tar header of entry blobs/b extends into its content'))
    await expectError(
      { entries: [blob('b')], index: { header: pax(record('path', 'index/s.jsonl.zst')) } },
      invalid('the tar header of the index of the segment that begins at byte 0 extends into its content'),
    )
  })

  it('are checked between selected neighbours, with the padding', async () => {
    const [a = '', b = ''] = IDS
    const wrong = blob(b, Buffer.from('12'), headerBytes('blobs/x', 2))
    await expectError(
      { entries: [blob(a), wrong] },
      invalid(
        `the tar header of entry blobs/${b} does not match the path, size and offset in the index or the manifest`,
      ),
      { from: 0 },
    )
    const bytes = craft({ entries: [blob(a), blob(b)] })
    bytes[1023] = 1
    await expect(reading(bytes, { from: 0 })).rejects.toThrow(
      invalid(`the padding of entry blobs/${a} must be zero bytes`),
    )
    await expect(reading(bytes)).rejects.toThrow(invalid(`the padding of entry blobs/${a} must be zero bytes`))
    expect((await reading(bytes, { from: 1 })).texts).toHaveLength(1)
  })

  it.each(['index/.jsonl.zst', 'index/s.jsonl', 'xindex/s.jsonl.zst', 'index/s.jsonl.zstx', 'index/a/b.jsonl.zst'])(
    'are rejected with the path %s for an index',
    async (path) => {
      await expectError(
        { entries: [blob('b')], index: { path } },
        invalid(
          `the path of the index of the segment that begins at byte 0 must be index/<name>.jsonl.zst, not "${path}"`,
        ),
      )
    },
  )

  it('may have any plain name for an index', async () => {
    for (const path of ['index/aZ_9-.jsonl.zst', `index/${'s'.repeat(80)}.jsonl.zst`])
      expect((await reading(craft({ entries: [blob('b')], index: { path } }))).texts).toHaveLength(1)
  })

  it('are rejected with another size for an index', async () => {
    await expectError(
      { entries: [blob('b')], index: { header: headerBytes('index/s.jsonl.zst', 1) } },
      invalid(
        'the tar header of the index of the segment that begins at byte 0 does not match the path, size and offset in the index or the manifest',
      ),
    )
  })

  it('are covered by the checksum of the frame', async () => {
    const bytes = craft({ entries: [blob('b')], segment: { frame_sha256: SHA } })
    const frame = Buffer.concat([headerBytes('blobs/b', 12), Buffer.alloc(500)])
    const { index } = must((await openArchive(memorySource(bytes))).segments[0])
    const indexFrame = Buffer.concat([headerBytes('index/s.jsonl.zst', index.size), Buffer.alloc(512 - index.size)])
    const actual = hash('sha256', Buffer.concat([frame, indexFrame]))
    await expect(reading(bytes)).rejects.toThrow(
      new EntryCorruptError('frame of the segment that begins at byte 0', SHA, actual, {
        subject: 'the frame (tar headers and padding) of the segment that begins at byte 0',
      }),
    )
  })
})
