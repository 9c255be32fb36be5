import { hash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ArchiveInvalidError, EntryCorruptError } from '../../shared/archive/errors.ts'
import type { IndexLine } from '../../shared/archive/index-line.ts'
import type { ManifestSegment } from '../../shared/archive/manifest.ts'
import { checkContiguity, decodeIndex } from '../../shared/archive/read-index.ts'

const MIB = 1024 * 1024
const SHA = 'a'.repeat(64)
const NAME = 'index of the segment that begins at byte 512'

const h = (digit: string): string => digit.repeat(16)
const chunk = (first: string, last: string, change: object = {}): IndexLine => ({
  path: `models/city/s-${first}.jsonl.zst`,
  offset: 512,
  size: 10,
  sha256: SHA,
  kind: 'records',
  unpacked_size: 20,
  model: 'city',
  resources: 1,
  revisions: 1,
  first_h: h(first),
  last_h: h(last),
  ...change,
})
const blob = (file_id: string): IndexLine => ({
  path: `blobs/${file_id}`,
  offset: 512,
  size: 10,
  sha256: SHA,
  kind: 'blob',
  file_id,
})
const payload = (sha256: string): IndexLine => ({
  path: `payloads/${sha256}`,
  offset: 512,
  size: 10,
  sha256,
  kind: 'payload',
})
const textOf = (lines: readonly IndexLine[]): Buffer =>
  Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))

/** A segment whose index has the uncompressed bytes `text`, and the stored bytes of that index. */
const indexed = (text: Buffer, change: Partial<ManifestSegment> = {}): [ManifestSegment, Buffer] => {
  const packed = zstdCompressSync(text)
  return [
    {
      offset: 512,
      size: 10_000,
      frame_sha256: SHA,
      unpacked_size: 0,
      index: { offset: 2048, size: packed.length, sha256: hash('sha256', packed), unpacked_size: text.length },
      ...change,
    },
    packed,
  ]
}
const city = (first: string, last: string, unpacked_size: number): Partial<ManifestSegment> => ({
  model: 'city',
  first_h: h(first),
  last_h: h(last),
  unpacked_size,
})
const invalid = (what: string): ArchiveInvalidError => new ArchiveInvalidError(what)
const expectError = async (given: [ManifestSegment, Buffer], error: Error): Promise<void> => {
  await expect(decodeIndex(...given)).rejects.toThrow(error)
}

describe('the lines of an index', () => {
  it('are returned in order', async () => {
    const chunks = [
      chunk('1', '2'),
      chunk('2', '2', { path: 'models/city/s-b.jsonl' }),
      chunk('3', '4', { resources: 0 }),
    ]
    expect(await decodeIndex(...indexed(textOf(chunks), city('1', '4', 60)))).toEqual(chunks)
    const others = [payload(h('0').repeat(4)), payload(SHA), blob('b'), blob('a')]
    expect(await decodeIndex(...indexed(textOf(others)))).toEqual(others)
  })

  it('are rejected with a wrong checksum', async () => {
    const [segment, packed] = indexed(textOf([blob('a')]))
    const other = Buffer.concat([packed, packed])
    await expectError(
      [segment, other],
      new EntryCorruptError(NAME, segment.index.sha256, hash('sha256', other), { subject: `the ${NAME}` }),
    )
  })

  it('have at most 64 MiB, and the size in the manifest', async () => {
    const [segment, packed] = indexed(textOf([blob('a')]))
    const withSize = (unpacked_size: number): [ManifestSegment, Buffer] => [
      { ...segment, index: { ...segment.index, unpacked_size } },
      packed,
    ]
    const length = segment.index.unpacked_size
    await expectError(
      withSize(64 * MIB + 1),
      invalid(`the ${NAME} has ${64 * MIB + 1} bytes; at most ${64 * MIB} are allowed`),
    )
    await expectError(
      withSize(64 * MIB),
      invalid(`the ${NAME} decompresses to ${length} bytes, but its unpacked_size is ${64 * MIB}`),
    )
    await expectError(
      withSize(length - 1),
      invalid(`the ${NAME} decompresses to more than its unpacked_size of ${length - 1} bytes`),
    )
  })

  it.each<[string, Buffer]>([
    ['no line', Buffer.alloc(0)],
    ['no newline at the end', Buffer.from('{}')],
    ['bytes that are not UTF-8', Buffer.from([0xff, 0x0a])],
  ])('are rejected with %s', async (_, text) => {
    await expectError(indexed(text), invalid(`the ${NAME} must consist of UTF-8 lines that end in a newline`))
  })

  it('are JSON of at most 64 levels, and errors count them from 1', async () => {
    const first = textOf([blob('b')])
    const second = (text: string): [ManifestSegment, Buffer] =>
      indexed(Buffer.concat([first, Buffer.from(`${text}\n`)]))
    await expectError(indexed(Buffer.from('\n')), invalid(`line 1 of the ${NAME} is not JSON`))
    await expectError(second('['.repeat(64)), invalid(`line 2 of the ${NAME} is not JSON`))
    await expectError(second('['.repeat(65)), invalid(`line 2 of the ${NAME} is nested deeper than 64 levels`))
    await expect(decodeIndex(...second(JSON.stringify({ ...blob('a'), size: -1 })))).rejects.toThrow(
      new RegExp(`^the archive is invalid: line 2 of the ${NAME}: size: `),
    )
    const more = { ...blob('a'), later: `${'['.repeat(63)}${']'.repeat(63)}` }
    expect(await decodeIndex(...second(JSON.stringify(more)))).toEqual([blob('b'), blob('a')])
  })

  it('are rejected with a wrong path', async () => {
    const wrong = { ...payload(SHA), path: 'payloads/x' }
    await expectError(
      indexed(textOf([wrong])),
      invalid(`entry payloads/x: the path of this payload must be payloads/${SHA}`),
    )
  })

  it('are rejected with a path that occurs twice', async () => {
    await expectError(indexed(textOf([blob('b'), blob('b')])), invalid(`entry blobs/b occurs twice in the ${NAME}`))
  })

  it('of payloads and blobs are sorted, payloads first', async () => {
    await expectError(indexed(textOf([blob('a'), blob('b')])), invalid('entry blobs/b is out of order'))
    await expectError(indexed(textOf([blob('b'), payload(SHA)])), invalid(`entry payloads/${SHA} is out of order`))
    await expectError(
      indexed(textOf([blob('b')]), { model: 'city' }),
      invalid('entry blobs/b is a blob in a segment of records'),
    )
  })

  it('of records belong to the model of the segment and are in order', async () => {
    const path = 'models/city/s-1.jsonl.zst'
    const expectErrorFor = (what: string, first: object, ...more: IndexLine[]): Promise<void> =>
      expectError(indexed(textOf([chunk('1', '2', first), ...more]), city('1', '2', 20)), invalid(what))
    await expectError(
      indexed(textOf([chunk('1', '2')])),
      invalid(`entry ${path} does not belong to the model of its segment`),
    )
    await expectError(
      indexed(textOf([chunk('1', '2')]), { model: 'town' }),
      invalid(`entry ${path} does not belong to the model of its segment`),
    )
    await expectErrorFor(`entry ${path} contains no record`, { resources: 0, revisions: 0 })
    await expectErrorFor(`entry ${path} is out of order`, { last_h: h('0') })
    await expectErrorFor('entry models/city/s-0.jsonl.zst is out of order', {}, chunk('0', '2'))
  })

  it('of records may contain only metadata or only revisions', async () => {
    for (const counts of [{ resources: 0 }, { revisions: 0 }])
      expect(await decodeIndex(...indexed(textOf([chunk('1', '1', counts)]), city('1', '1', 20)))).toHaveLength(1)
  })

  it('of records are rejected with a chunk over its limits', async () => {
    const largest = chunk('1', '1', { unpacked_size: 16 * MIB, size: 17 * MIB })
    expect(await decodeIndex(...indexed(textOf([largest]), city('1', '1', 16 * MIB)))).toEqual([largest])
    for (const over of [{ unpacked_size: 16 * MIB + 1 }, { size: 17 * MIB + 1 }])
      await expectError(
        indexed(textOf([chunk('1', '1', over)]), city('1', '1', 20)),
        invalid(`entry models/city/s-1.jsonl.zst is larger than a chunk may be (16777216 bytes)`),
      )
  })

  it.each([city('1', '2', 21), city('0', '2', 20), city('1', '3', 20)])(
    'are rejected with a manifest that does not match them: %j',
    async (change) => {
      await expectError(
        indexed(textOf([chunk('1', '2')]), change),
        invalid(`the ${NAME} does not match unpacked_size, first_h and last_h of the manifest`),
      )
    },
  )
})

describe('the offsets of entries', () => {
  const [segment] = indexed(textOf([blob('a')]))
  const MAX_GAP = 512 + 512 + 65_536
  const check =
    (index: number, ...entries: readonly (readonly [offset: number, size: number])[]) =>
    () => {
      checkContiguity(
        { ...segment, index: { ...segment.index, offset: segment.offset + index } },
        entries.map(([offset, size], k) => ({ ...blob(String(k)), offset, size })),
      )
    }

  it('leave room for the headers between them', () => {
    expect(check(512)).not.toThrow()
    expect(check(1536, [512, 1])).not.toThrow()
    expect(check(2560, [512, 513], [2048, 0])).not.toThrow()
    expect(check(MAX_GAP + 512 + MAX_GAP, [MAX_GAP, 512])).not.toThrow()
  })

  it.each([0, 511, 513, MAX_GAP - 1, MAX_GAP + 512, -512])('are rejected with a gap of %i bytes', (gap) => {
    const wrong = (subject: string): ArchiveInvalidError =>
      invalid(`${subject} must begin where the previous entry ends`)
    expect(check(9_000, [gap, 1])).toThrow(wrong('entry blobs/0'))
    expect(check(90_000, [512, 1], [1024 + gap, 1])).toThrow(wrong('entry blobs/1'))
    expect(check(1024 + gap, [512, 1])).toThrow(wrong(`the ${NAME}`))
  })
})
