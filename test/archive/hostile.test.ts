import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { encodeTrailer } from '../../shared/archive/tail.ts'
import { craft, craftRecords } from './craft.ts'
import { memorySource } from './memory.ts'
import { readAll } from './read-all.ts'
import { headerBytes, tailBytes } from './tar-blocks.ts'

const reading = (bytes: Buffer): Promise<unknown> => readAll(memorySource(bytes))
const H = /[0-9a-f]{16}/

const relabel = (header: Buffer, type: string): Buffer => {
  const changed = Buffer.from(header)
  changed.write(type, 156, 'latin1')
  changed.fill(' ', 148, 156)
  const sum = changed.reduce((total, byte) => total + byte, 0)
  changed.write(`${sum.toString(8).padStart(6, '0')} \0`, 148, 'latin1')
  return changed
}

/** A zstd frame of one stored block that asks for a window of 2^log bytes (RFC 8878, 3.1.1). */
const rawFrame = (content: Buffer, log: number): Buffer => {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 0, 0, 0])
  header.writeUIntLE((content.length << 3) | 1, 6, 3)
  return Buffer.concat([header, content])
}

describe('what a hostile archive may say', () => {
  it('is read where it says nothing wrong', async () => {
    await expect(reading(craftRecords())).resolves.toMatchObject({ walked: false })
  })

  it('is read from gzip and from plain chunks as well', async () => {
    await expect(
      reading(craftRecords({ path: 'models/city/s-0.jsonl.gz', pack: (b) => gzipSync(b) })),
    ).resolves.toBeDefined()
    await expect(reading(craftRecords({ path: 'models/city/s-0.jsonl', pack: (b) => b }))).resolves.toBeDefined()
  })

  it.each<[string, Parameters<typeof craftRecords>[0], RegExp]>([
    [
      'a second zstd frame',
      { pack: (b) => Buffer.concat([zstdCompressSync(b), zstdCompressSync(b)]) },
      /more than one frame/,
    ],
    ['bytes after the frame', { pack: (b) => Buffer.concat([zstdCompressSync(b), Buffer.alloc(3)]) }, /bytes after it/],
    [
      'a second gzip member',
      { path: 'models/city/s.jsonl.gz', pack: (b) => Buffer.concat([gzipSync(b), gzipSync(b)]) },
      /more than one frame/,
    ],
    [
      'a gzip member with a wrong checksum',
      {
        path: 'models/city/s.jsonl.gz',
        pack: (b) => {
          const packed = gzipSync(b)
          packed.writeUInt32LE(1, packed.length - 8)
          return packed
        },
      },
      /checksum of its gzip/,
    ],
    [
      'a chunk that unpacks to more',
      { line: { unpacked_size: 10 }, segment: { unpacked_size: 10 } },
      /more than its 10 bytes/,
    ],
    [
      'a chunk that unpacks to less',
      { line: { unpacked_size: 9_999 }, segment: { unpacked_size: 9_999 } },
      /not to 9999/,
    ],
    [
      'a chunk beyond all bounds',
      { line: { unpacked_size: 2 ** 40 }, segment: { unpacked_size: 2 ** 40 } },
      /larger than a chunk may be/,
    ],
    ['a window over 8 MiB', { pack: (b) => rawFrame(b, 24) }, /too much memory/],
    [
      'no window of 8 MiB, but bytes of a lie',
      { pack: (b) => rawFrame(b, 23), line: { resources: 9 } },
      /does not hold/,
    ],
    [
      'a line over 1 MiB',
      { lines: ([m, ...r]) => [Buffer.concat([Buffer.alloc(2 ** 20, ' '), m ?? Buffer.alloc(0)]), ...r] },
      /1048576 bytes/,
    ],
    [
      'a line without its newline',
      { lines: (l) => [...l.slice(0, 2), l[2]?.subarray(0, -1) ?? Buffer.alloc(0)] },
      /no newline/,
    ],
    [
      'a line that is not UTF-8',
      { lines: ([m, ...r]) => [Buffer.from([0xff, 0x0a]), m ?? Buffer.alloc(0), ...r] },
      /not UTF-8/,
    ],
    ['more resources than there are', { line: { resources: 2 } }, /does not hold the records/],
    ['revisions out of order', { lines: ([m, a, b]) => [m, b, a].map((l) => l ?? Buffer.alloc(0)) }, /out of order/],
    ['a revision twice', { lines: ([m, a, b]) => [m, a, a, b].map((l) => l ?? Buffer.alloc(0)) }, /twice/],
    ['a resource twice', { lines: (l) => [...l, ...l] }, /stands twice/],
    [
      'a resource without its current revision',
      { lines: ([m, a]) => [m, a].map((l) => l ?? Buffer.alloc(0)), line: { revisions: 1 } },
      /lacks its current revision/,
    ],
    ['revisions without metadata', { lines: (l) => l.slice(1) }, /without its metadata/],
    [
      'another model',
      { lines: (l) => l.map((line) => Buffer.from(line.toString().replace('city#', 'town#'))) },
      /its model is town/,
    ],
    [
      'a place that is not that of the id',
      { lines: (l) => l.map((line) => Buffer.from(line.toString().replace(H, '0000000000000000'))) },
      /sk is 0000/,
    ],
    ['a path that leads out', { path: 'models/city/../../etc/passwd' }, /not in the folder/],
    ['a path of another model', { path: 'models/town/s-00000.jsonl.zst' }, /not in the folder/],
    ['a path that is absolute', { path: '/models/city/s-00000.jsonl.zst' }, /not in the folder/],
    ['an offset into something else', { line: { offset: 1024 } }, /does not follow/],
    ['an offset before the start', { line: { offset: -512 } }, /offset/],
    ['another size', { line: { size: 1 } }, /is not what the index says|does not follow|sha256/],
    ['another checksum', { line: { sha256: '0'.repeat(64) } }, /expected sha256 0000/],
    ['a size that is no integer', { line: { size: 1.5 } }, /size/],
    ['an entry twice', { indexText: (text) => text + text }, /named twice/],
    ['an index that is not JSON', { indexText: (text) => `${text}{\n` }, /not JSON/],
    ['places that are not its chunks', { segment: { first_h: '0000000000000000' } }, /sizes and places/],
    ['another frame', { segment: { frame_sha256: '0'.repeat(64) } }, /frame of the segment/],
    ['a segment elsewhere', { segment: { offset: 512 } }, /does not begin where/],
    ['a segment that is longer', { segment: { size: 1_024_000 } }, /not its last entry/],
    [
      'an index beyond all bounds',
      { segment: { index: { offset: 1536, size: 10, sha256: '0'.repeat(64), unpacked_size: 2 ** 40 } } },
      /too large/,
    ],
    ['no segment for its resources', { manifest: { segments: [] } }, /no segment/],
    ['models that the scope does not name', { manifest: { scope: { models: [], filters: {} } } }, /scope.models/],
    ['that it is complete, and what is missing', { manifest: { missing_blobs: ['x'] } }, /complete/],
    ['missing blobs out of order', { manifest: { complete: false, missing_blobs: ['b', 'a'] } }, /not sorted/],
    ['another time', { manifest: { created_at: 'yesterday' } }, /created_at/],
    ['version 4', { manifest: { version: 4 } }, /version 4/],
    ['another format', { manifest: { format: 'zip' } }, /format/],
    ['a link', { header: relabel(headerBytes('models/city/s-00000.jsonl.zst', 0), '2') }, /contains only files/],
    [
      'a name in its header that the index has not',
      { header: headerBytes('models/city/x.jsonl.zst', 5) },
      /not what the index says/,
    ],
  ])('is refused for %s', async (_, change, reason) => {
    await expect(reading(craftRecords(change))).rejects.toThrow(reason)
  })

  it('is refused for blobs under a wrong name, twice or out of order', async () => {
    const blob = (id: string, path = `blobs/${id}`) => ({
      path,
      content: Buffer.from('x'),
      line: { kind: 'blob', file_id: id },
    })
    const blobs = { count: 2, bytes: 2 }
    // SHA-256: a is ca97…, b is 3e23….
    await expect(reading(craft({ entries: [blob('b'), blob('a')], manifest: { blobs } }))).resolves.toBeDefined()
    await expect(reading(craft({ entries: [blob('a'), blob('b')], manifest: { blobs } }))).rejects.toThrow(
      'out of order',
    )
    await expect(reading(craft({ entries: [blob('b'), blob('b')], manifest: { blobs } }))).rejects.toThrow('twice')
    await expect(reading(craft({ entries: [blob('b', 'blobs/c')], manifest: { blobs } }))).rejects.toThrow('file id')
    await expect(reading(craft({ entries: [blob('..', 'blobs/..')], manifest: { blobs } }))).rejects.toThrow('file id')
  })

  it('is refused for a trailer of another version, or one that points elsewhere', async () => {
    const good = craftRecords()
    const trailer = (bytes: Buffer): Buffer => Buffer.concat([good.subarray(0, -1536), bytes, good.subarray(-1024)])
    const text = good.subarray(-1536, -1024).toString()
    await expect(reading(trailer(Buffer.from(text.replace('"acbak":3', '"acbak":4'))))).rejects.toThrow('version 4')
    await expect(reading(trailer(Buffer.from(text.replace('{"acbak"', ' {"acba"'))))).rejects.toThrow('acbak.trailer')
    const place = { offset: 512, size: 2 ** 50, sha256: '0'.repeat(64) }
    await expect(reading(trailer(encodeTrailer(place)))).rejects.toThrow(`manifest.json has ${2 ** 50} bytes`)
    await expect(reading(trailer(encodeTrailer({ ...place, size: 10 })))).rejects.toThrow(
      'where the header of the trailer begins',
    )
    await expect(reading(tailBytes(Buffer.from('[['.repeat(100)), 0))).rejects.toThrow('nests too deep')
  })
})
