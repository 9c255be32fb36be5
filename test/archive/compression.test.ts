import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { compressZstd, decompress, decompressZstd } from '../../shared/archive/compression.ts'
import { ArchiveInvalidError } from '../../shared/archive/errors.ts'

const text = Buffer.from('text that repeats, text that repeats, text that repeats')
const { length } = text
const invalid = (what: string): ArchiveInvalidError => new ArchiveInvalidError(what)

/** A gzip member with the optional header fields that `flags` select (RFC 1952, 2.3.1). */
const member = (flags: number, content = text): Buffer => {
  const field = (flag: number, bytes: readonly number[]): Buffer => Buffer.from((flags & flag) === 0 ? [] : bytes)
  const end = Buffer.alloc(8)
  end.writeUInt32LE(crc32(content))
  end.writeUInt32LE(content.length, 4)
  return Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255]),
    field(4, [3, 0, 0, 7, 0]),
    field(8, [0x61, 0]),
    field(16, [0x62, 0x63, 0]),
    field(2, [1, 2]),
    deflateRawSync(content),
    end,
  ])
}

describe('an entry without compression', () => {
  it('must have its unpacked_size', async () => {
    expect(await decompress('a.jsonl', text, length)).toBe(text)
    for (const size of [length - 1, length + 1])
      await expect(decompress('a.jsonl', text, size)).rejects.toThrow(
        invalid(`entry a.jsonl has ${length} bytes, but its unpacked_size is ${size}`),
      )
  })
})

describe.each([
  ['zst', (bytes: Buffer) => zstdCompressSync(bytes)],
  ['gz', (bytes: Buffer) => gzipSync(bytes)],
])('an entry with compression %s', (extension, compress) => {
  const path = `a.jsonl.${extension}`

  it('is decompressed, whether it is empty, small or large', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('x'), text, Buffer.alloc(2_500_000, 'ab\n')])
      expect((await decompress(path, compress(bytes), bytes.length)).equals(bytes)).toBe(true)
  })

  it('must have its unpacked_size', async () => {
    await expect(decompress(path, compress(text), length - 1)).rejects.toThrow(
      invalid(`entry ${path} decompresses to more than its unpacked_size of ${length - 1} bytes`),
    )
    await expect(decompress(path, compress(text), length + 1)).rejects.toThrow(
      invalid(`entry ${path} decompresses to ${length} bytes, but its unpacked_size is ${length + 1}`),
    )
  })

  it('is rejected if it is truncated', async () => {
    await expect(decompress(path, compress(text).subarray(0, -9), length)).rejects.toThrow(ArchiveInvalidError)
  })

  it('is rejected if bytes follow it, also if they are another frame or member', async () => {
    const compressed = compress(text)
    for (const more of [Buffer.alloc(1), Buffer.alloc(9), compressed])
      await expect(decompress(path, Buffer.concat([compressed, more]), length)).rejects.toThrow(
        invalid(`entry ${path} has ${more.length} bytes after its first zstd frame or gzip member`),
      )
  })

  it('is rejected if its bytes have another format', async () => {
    await expect(decompress(path, Buffer.alloc(40, 'x'), 40)).rejects.toThrow(`the archive is invalid: entry ${path}`)
    await expect(decompress(path, Buffer.alloc(0), 0)).rejects.toThrow(`the archive is invalid: entry ${path}`)
  })
})

describe('a zstd frame', () => {
  it('is decompressed as it was compressed', async () => {
    expect(await decompressZstd('it', await compressZstd(text), length)).toEqual(text)
  })

  it('is rejected with the reason of the decompressor', async () => {
    await expect(decompressZstd('it', Buffer.from('no frame at all'), 5)).rejects.toThrow(
      invalid('it cannot be decompressed: Unknown frame descriptor'),
    )
  })
})

describe('a gzip member', () => {
  it('may have any optional field in its header', async () => {
    for (let flags = 0; flags <= 0x1f; flags++) expect(await decompress('a.gz', member(flags), length)).toEqual(text)
  })

  it.each<[string, Buffer]>([
    ['17 bytes', member(0, Buffer.alloc(0)).subarray(0, 17)],
    ['another magic number', Buffer.concat([Buffer.from([0x1f, 0x8c]), member(0).subarray(2)])],
    ['another compression method', Buffer.concat([Buffer.from([0x1f, 0x8b, 7]), member(0).subarray(3)])],
    ['an unknown flag', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0x20]), member(0).subarray(4)])],
    ['a name without an end', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 1, 1, 1, 1, 1, 1]), Buffer.alloc(20, 1)])],
    [
      'a field that extends beyond its end',
      Buffer.concat([member(4).subarray(0, 10), Buffer.from([13, 0]), Buffer.alloc(20)]),
    ],
  ])('is rejected with %s', async (_, compressed) => {
    await expect(decompress('a.gz', compressed, length)).rejects.toThrow(invalid('entry a.gz is not a gzip member'))
  })

  it('is rejected with a wrong checksum or length', async () => {
    for (const from of [8, 4]) {
      const wrong = member(0)
      wrong.writeUInt32LE(7, wrong.length - from)
      await expect(decompress('a.gz', wrong, length)).rejects.toThrow(
        invalid('the gzip member of entry a.gz has a wrong checksum or length'),
      )
    }
  })

  it('is rejected with the reason of the decompressor', async () => {
    const broken = member(0)
    broken.fill(0xff, 10, 20)
    await expect(decompress('a.gz', broken, length)).rejects.toThrow(
      /^the archive is invalid: entry a\.gz cannot be decompressed: [a-z]/,
    )
  })
})
