import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { encodeTrailer } from '../../shared/archive/tail.ts'
import { craft, craftRecords } from './craft.ts'
import { memorySource } from './memory.ts'
import { readAll } from './read-all.ts'
import { changed, headerBytes, tailBytes } from './tar-blocks.ts'

const reading = (bytes: Buffer): Promise<unknown> => readAll(memorySource(bytes))
const ID_HASH = /[0-9a-f]{16}/

/** A zstd frame of one stored block with a window of 2^log bytes (RFC 8878, 3.1.1). */
const rawFrame = (content: Buffer, log: number): Buffer => {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 0, 0, 0])
  header.writeUIntLE((content.length << 3) | 1, 6, 3)
  return Buffer.concat([header, content])
}

describe('a crafted archive', () => {
  it('is accepted without a change', async () => {
    await expect(reading(craftRecords())).resolves.toMatchObject({ walked: false })
  })

  it('is accepted with a chunk in gzip or without compression', async () => {
    await expect(
      reading(craftRecords({ path: 'models/city/s-0.jsonl.gz', compress: (b) => gzipSync(b) })),
    ).resolves.toBeDefined()
    await expect(reading(craftRecords({ path: 'models/city/s-0.jsonl', compress: (b) => b }))).resolves.toBeDefined()
  })

  it.each<[string, Parameters<typeof craftRecords>[0], RegExp]>([
    [
      'a second zstd frame',
      { compress: (b) => Buffer.concat([zstdCompressSync(b), zstdCompressSync(b)]) },
      /bytes after its first/,
    ],
    [
      'bytes after the frame',
      { compress: (b) => Buffer.concat([zstdCompressSync(b), Buffer.alloc(3)]) },
      /bytes after its first/,
    ],
    [
      'a second gzip member',
      { path: 'models/city/s.jsonl.gz', compress: (b) => Buffer.concat([gzipSync(b), gzipSync(b)]) },
      /bytes after its first/,
    ],
    [
      'a gzip member with a wrong checksum',
      {
        path: 'models/city/s.jsonl.gz',
        compress: (b) => {
          const packed = gzipSync(b)
          packed.writeUInt32LE(1, packed.length - 8)
          return packed
        },
      },
      /wrong checksum or length/,
    ],
    [
      'a chunk that decompresses to more than its unpacked_size',
      { line: { unpacked_size: 10 }, segment: { unpacked_size: 10 } },
      /more than its unpacked_size of 10 bytes/,
    ],
    [
      'a chunk that decompresses to less than its unpacked_size',
      { line: { unpacked_size: 9_999 }, segment: { unpacked_size: 9_999 } },
      /its unpacked_size is 9999/,
    ],
    [
      'a chunk of a terabyte',
      { line: { unpacked_size: 2 ** 40 }, segment: { unpacked_size: 2 ** 40 } },
      /larger than a chunk may be/,
    ],
    ['a zstd window over 8 MiB', { compress: (b) => rawFrame(b, 24) }, /too much memory/],
    [
      'a wrong number of resources after a zstd window of 8 MiB',
      { compress: (b) => rawFrame(b, 23), line: { resources: 9 } },
      /does not match its index line/,
    ],
    [
      'a line over 1 MiB',
      { lines: ([m, ...r]) => [Buffer.concat([Buffer.alloc(2 ** 20, ' '), m ?? Buffer.alloc(0)]), ...r] },
      /more than 1048576 bytes/,
    ],
    [
      'a line that does not end in a newline',
      { lines: (l) => [...l.slice(0, 2), l[2]?.subarray(0, -1) ?? Buffer.alloc(0)] },
      /does not end in a newline/,
    ],
    [
      'a line that is not UTF-8',
      { lines: ([m, ...r]) => [Buffer.from([0xff, 0x0a]), m ?? Buffer.alloc(0), ...r] },
      /not UTF-8/,
    ],
    ['a wrong number of resources', { line: { resources: 2 } }, /does not match its index line/],
    ['revisions out of order', { lines: ([m, a, b]) => [m, b, a].map((l) => l ?? Buffer.alloc(0)) }, /out of order/],
    [
      'a revision that occurs twice',
      { lines: ([m, a, b]) => [m, a, a, b].map((l) => l ?? Buffer.alloc(0)) },
      /occurs twice/,
    ],
    ['a resource that occurs twice', { lines: (l) => [...l, ...l] }, /occurs twice/],
    [
      'records of another model',
      { lines: (l) => l.map((line) => Buffer.from(line.toString().replace('city#', 'town#'))) },
      /belongs to model town/,
    ],
    [
      'an id hash that does not belong to the id',
      { lines: (l) => l.map((line) => Buffer.from(line.toString().replace(ID_HASH, '0000000000000000'))) },
      /sk is "0000/,
    ],
    ['a path with ..', { path: 'models/city/../../etc/passwd' }, /path of this chunk must be/],
    ['a path in the folder of another model', { path: 'models/town/s-00000.jsonl.zst' }, /path of this chunk must be/],
    ['an absolute path', { path: '/models/city/s-00000.jsonl.zst' }, /path of this chunk must be/],
    [
      'an offset that is not where the entry before ends',
      { line: { offset: 1024 } },
      /must begin where the previous entry ends/,
    ],
    ['a negative offset', { line: { offset: -512 } }, /offset/],
    ['a wrong size', { line: { size: 1 } }, /does not match the path, size and offset/],
    ['a wrong checksum', { line: { sha256: '0'.repeat(64) } }, /expected sha256 0000/],
    ['a size that is not an integer', { line: { size: 1.5 } }, /size/],
    ['an index that lists an entry twice', { indexText: (text) => text + text }, /occurs twice/],
    ['an index that is not JSON', { indexText: (text) => `${text}{\n` }, /not JSON/],
    [
      'id hashes that are not those of its chunks',
      { segment: { first_h: '0000000000000000' } },
      /does not match unpacked_size, first_h and last_h/,
    ],
    [
      'a wrong checksum of the frame',
      { segment: { frame_sha256: '0'.repeat(64) } },
      /of the segment that begins at byte \d+ is corrupt/,
    ],
    ['a segment with a wrong offset', { segment: { offset: 512 } }, /must begin where/],
    ['a segment with a wrong size', { segment: { size: 1_024_000 } }, /must be its last entry/],
    [
      'an index of a terabyte',
      { segment: { index: { offset: 1536, size: 10, sha256: '0'.repeat(64), unpacked_size: 2 ** 40 } } },
      /has more than 67108864 bytes/,
    ],
    ['resources without a segment', { manifest: { segments: [] } }, /no segment/],
    ['models that are not in the scope', { manifest: { scope: { models: [], filters: {} } } }, /scope.models/],
    ['missing blobs although it is complete', { manifest: { missing_blobs: ['x'] } }, /complete/],
    [
      'missing blobs that are not sorted',
      { manifest: { complete: false, missing_blobs: ['b', 'a'] } },
      /must be sorted/,
    ],
    ['a malformed time', { manifest: { created_at: 'yesterday' } }, /created_at/],
    ['version 4', { manifest: { version: 4 } }, /version 4/],
    ['another format', { manifest: { format: 'zip' } }, /format/],
    [
      'a link',
      { header: changed(headerBytes('models/city/s-00000.jsonl.zst', 0), undefined, '2') },
      /only files \("0"\) are allowed/,
    ],
    [
      'a path in its tar header that is not in the index',
      { header: headerBytes('models/city/x.jsonl.zst', 5) },
      /does not match the path, size and offset/,
    ],
  ])('is rejected for %s', async (_, change, reason) => {
    await expect(reading(craftRecords(change))).rejects.toThrow(reason)
  })

  it('is rejected for blobs with a wrong path, listed twice or out of order', async () => {
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
    await expect(reading(craft({ entries: [blob('b'), blob('b')], manifest: { blobs } }))).rejects.toThrow(
      'occurs twice',
    )
    await expect(reading(craft({ entries: [blob('b', 'blobs/c')], manifest: { blobs } }))).rejects.toThrow(
      'the path of this blob must be',
    )
    await expect(reading(craft({ entries: [blob('..', 'blobs/..')], manifest: { blobs } }))).rejects.toThrow(
      'the path of this blob must be',
    )
  })

  it('is rejected for a trailer with another version or a wrong location of the manifest', async () => {
    const good = craftRecords()
    const trailer = (bytes: Buffer): Buffer => Buffer.concat([good.subarray(0, -1536), bytes, good.subarray(-1024)])
    const text = good.subarray(-1536, -1024).toString()
    await expect(reading(trailer(Buffer.from(text.replace('"acbak":3', '"acbak":4'))))).rejects.toThrow('version 4')
    await expect(reading(trailer(Buffer.from(text.replace('{"acbak"', ' {"acba"'))))).rejects.toThrow('acbak.trailer')
    const location = { offset: 512, size: 2 ** 50, sha256: '0'.repeat(64) }
    await expect(reading(trailer(encodeTrailer(location)))).rejects.toThrow(
      `manifest.json: the manifest has ${2 ** 50} bytes`,
    )
    await expect(reading(trailer(encodeTrailer({ ...location, size: 10 })))).rejects.toThrow(
      'it must be a whole entry that ends at byte',
    )
    await expect(reading(tailBytes(Buffer.from('[['.repeat(100)), 0))).rejects.toThrow('nested deeper than 64 levels')
  })
})
