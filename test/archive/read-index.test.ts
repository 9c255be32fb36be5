import { hash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { blobOrder } from '../../shared/archive/blob-order.ts'
import { ArchiveInvalidError, EntryCorruptError } from '../../shared/archive/errors.ts'
import type { IndexLine } from '../../shared/archive/index-line.ts'
import type { ManifestSegment } from '../../shared/archive/manifest.ts'
import { checkContiguity, decodeIndex } from '../../shared/archive/read-index.ts'

const MIB = 1024 * 1024
const SHA = 'a'.repeat(64)
const NAME = 'index of the segment at 512'

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

/** The segment whose index unpacks to `text`, and what is stored of it. */
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
const refused = (what: string): ArchiveInvalidError => new ArchiveInvalidError(what)
const isRefused = async (given: [ManifestSegment, Buffer], error: Error): Promise<void> => {
  await expect(decodeIndex(...given)).rejects.toThrow(error)
}

describe('the lines of an index', () => {
  it('are given in order', async () => {
    const chunks = [
      chunk('1', '2'),
      chunk('2', '2', { path: 'models/city/s-b.jsonl' }),
      chunk('3', '4', { resources: 0 }),
    ]
    expect(await decodeIndex(...indexed(textOf(chunks), city('1', '4', 60)))).toEqual(chunks)
    const others = [payload(h('0').repeat(4)), payload(SHA), blob('b'), blob('a')]
    expect(await decodeIndex(...indexed(textOf(others)))).toEqual(others)
  })

  it('have the checksum that the manifest says', async () => {
    const [segment, packed] = indexed(textOf([blob('a')]))
    const other = Buffer.concat([packed, packed])
    await isRefused([segment, other], new EntryCorruptError(NAME, segment.index.sha256, hash('sha256', other)))
  })

  it('unpack to at most 64 MiB, and to what the manifest says', async () => {
    const [segment, packed] = indexed(textOf([blob('a')]))
    const saying = (unpacked_size: number): [ManifestSegment, Buffer] => [
      { ...segment, index: { ...segment.index, unpacked_size } },
      packed,
    ]
    const length = segment.index.unpacked_size
    await isRefused(saying(64 * MIB + 1), refused(`${NAME} unpacks to ${64 * MIB + 1} bytes`))
    await isRefused(saying(64 * MIB), refused(`${NAME} unpacks to ${length} bytes, not to ${64 * MIB}`))
    await isRefused(saying(length - 1), refused(`${NAME} unpacks to more than its ${length - 1} bytes`))
  })

  it.each<[string, Buffer]>([
    ['none', Buffer.alloc(0)],
    ['without a newline at the end', Buffer.from('{}')],
    ['not UTF-8', Buffer.from([0xff, 0x0a])],
  ])('are refused where they are %s', async (_, text) => {
    await isRefused(indexed(text), refused(`${NAME} is no list of UTF-8 lines`))
  })

  it('are JSON of at most 64 levels, and counted from 1', async () => {
    const first = textOf([blob('b')])
    const second = (text: string): [ManifestSegment, Buffer] =>
      indexed(Buffer.concat([first, Buffer.from(`${text}\n`)]))
    await isRefused(indexed(Buffer.from('\n')), refused(`${NAME}, line 1 is not JSON`))
    await isRefused(second('['.repeat(64)), refused(`${NAME}, line 2 is not JSON`))
    await isRefused(second('['.repeat(65)), refused(`${NAME}, line 2 nests too deep`))
    await expect(decodeIndex(...second(JSON.stringify({ ...blob('a'), size: -1 })))).rejects.toThrow(
      new RegExp(`^the archive is invalid: ${NAME}, line 2: size: `),
    )
    const more = { ...blob('a'), later: `${'['.repeat(63)}${']'.repeat(63)}` }
    expect(await decodeIndex(...second(JSON.stringify(more)))).toEqual([blob('b'), blob('a')])
  })

  it('have the path that they ask for', async () => {
    const wrong = { ...payload(SHA), path: 'payloads/x' }
    await isRefused(indexed(textOf([wrong])), refused('entry payloads/x: its path is not that of its SHA-256'))
  })

  it('name each path once', async () => {
    await isRefused(indexed(textOf([blob('b'), blob('b')])), refused('entry blobs/b is named twice'))
  })

  it('of payloads and blobs are in order, payloads first', async () => {
    await isRefused(indexed(textOf([blob('a'), blob('b')])), refused('entry blobs/b stands out of order'))
    await isRefused(indexed(textOf([blob('b'), payload(SHA)])), refused(`entry payloads/${SHA} stands out of order`))
    await isRefused(
      indexed(textOf([blob('b')]), { model: 'city' }),
      refused('entry blobs/b stands in a segment of records'),
    )
  })

  it('of records are of the segment’s model, and in order', async () => {
    const path = 'models/city/s-1.jsonl.zst'
    const isRefusedFor = (what: string, first: object, ...more: IndexLine[]): Promise<void> =>
      isRefused(indexed(textOf([chunk('1', '2', first), ...more]), city('1', '2', 20)), refused(what))
    await isRefused(indexed(textOf([chunk('1', '2')])), refused(`entry ${path} is not of the segment's model`))
    await isRefused(
      indexed(textOf([chunk('1', '2')]), { model: 'town' }),
      refused(`entry ${path} is not of the segment's model`),
    )
    await isRefusedFor(`entry ${path} holds no record`, { resources: 0, revisions: 0 })
    await isRefusedFor(`entry ${path} stands out of order`, { last_h: h('0') })
    await isRefusedFor('entry models/city/s-0.jsonl.zst stands out of order', {}, chunk('0', '2'))
  })

  it('of records may hold metadata alone, or revisions alone', async () => {
    for (const counts of [{ resources: 0 }, { revisions: 0 }])
      expect(await decodeIndex(...indexed(textOf([chunk('1', '1', counts)]), city('1', '1', 20)))).toHaveLength(1)
  })

  it('of records speak of chunks within bounds', async () => {
    const largest = chunk('1', '1', { unpacked_size: 16 * MIB, size: 17 * MIB })
    expect(await decodeIndex(...indexed(textOf([largest]), city('1', '1', 16 * MIB)))).toEqual([largest])
    for (const over of [{ unpacked_size: 16 * MIB + 1 }, { size: 17 * MIB + 1 }])
      await isRefused(
        indexed(textOf([chunk('1', '1', over)]), city('1', '1', 20)),
        refused(`entry models/city/s-1.jsonl.zst is larger than a chunk may be`),
      )
  })

  it.each([city('1', '2', 21), city('0', '2', 20), city('1', '3', 20)])(
    'give the sum and the places that the manifest has: not %j',
    async (said) => {
      await isRefused(
        indexed(textOf([chunk('1', '2')]), said),
        refused(`${NAME} does not give the sizes and places that the manifest has`),
      )
    },
  )
})

describe('the places of entries', () => {
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

  it('have room for their headers between them', () => {
    expect(check(512)).not.toThrow()
    expect(check(1536, [512, 1])).not.toThrow()
    expect(check(2560, [512, 513], [2048, 0])).not.toThrow()
    expect(check(MAX_GAP + 512 + MAX_GAP, [MAX_GAP, 512])).not.toThrow()
  })

  it.each([0, 511, 513, MAX_GAP - 1, MAX_GAP + 512, -512])('are not %i bytes apart', (gap) => {
    const wrong = (name: string): ArchiveInvalidError => refused(`entry ${name} does not follow the one before it`)
    expect(check(9_000, [gap, 1])).toThrow(wrong('blobs/0'))
    expect(check(90_000, [512, 1], [1024 + gap, 1])).toThrow(wrong('blobs/1'))
    expect(check(1024 + gap, [512, 1])).toThrow(wrong(NAME))
  })
})

describe('the order of what has no model', () => {
  it('is by SHA-256, payloads before blobs', () => {
    expect(blobOrder(payload(SHA))).toBe(`0${SHA}`)
    expect(blobOrder(blob('a'))).toBe(`1${hash('sha256', 'a')}`)
    expect(() => blobOrder(chunk('1', '1'))).toThrow(
      refused('entry models/city/s-1.jsonl.zst holds records among blobs'),
    )
  })
})
